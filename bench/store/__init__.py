"""The records of a run, the names of its files, and how they are written and read."""
