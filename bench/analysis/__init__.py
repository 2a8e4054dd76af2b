"""Statistics and comparisons from the raw rows of runs: numbers in, numbers out."""
