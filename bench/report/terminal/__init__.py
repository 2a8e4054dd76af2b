"""Terminal output: progress, results and lists."""
