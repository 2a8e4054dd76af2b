"""The way of each command, step by step; every step is another package's."""
