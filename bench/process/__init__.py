"""How a program runs in a process of its own, and how it ended."""
