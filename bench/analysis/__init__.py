"""From the raw rows of runs to statistics and comparisons: numbers in, numbers out."""
