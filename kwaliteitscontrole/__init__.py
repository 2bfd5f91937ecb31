"""Is the scan as good as the paper? Imports nothing of the project."""
