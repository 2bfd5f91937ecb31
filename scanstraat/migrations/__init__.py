"""Alembic migrations, from the first table on. `scanstraat.db.migrate` runs them."""
