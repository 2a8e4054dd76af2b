"""The epochs as a plain pytest-benchmark suite."""
