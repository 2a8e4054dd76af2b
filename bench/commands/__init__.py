"""The steps of each command; the work of each step is done by another package."""
