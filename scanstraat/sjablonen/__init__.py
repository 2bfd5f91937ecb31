"""Templates of what is printed. Data only."""
