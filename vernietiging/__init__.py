"""Proof of what was destroyed, and why it was allowed. Imports nothing of the project."""
