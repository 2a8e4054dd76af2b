"""Which times cannot be true, and how that is known."""
