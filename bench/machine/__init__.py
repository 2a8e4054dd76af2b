"""The machine: its description, its counters, what disturbs it, and the lock that one run holds."""
