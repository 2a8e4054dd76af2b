"""The same epochs as a plain pytest-benchmark suite."""
