"""The steps of each command; every step is done by another package."""
