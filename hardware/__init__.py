"""Scanners and what they leave in a folder. Imports nothing of the project."""
