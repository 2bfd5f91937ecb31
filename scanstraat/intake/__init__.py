"""Intake: from bytes in a scanmap to pages that are known, counted and stored."""
