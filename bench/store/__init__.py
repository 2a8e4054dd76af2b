"""What a run leaves behind: its records, the names of its files, and how they are written and read."""
