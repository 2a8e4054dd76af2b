"""What this machine is, what it counts, what disturbs it, and who holds it."""
