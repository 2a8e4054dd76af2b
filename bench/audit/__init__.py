"""Checks that reject times that cannot be true, and name the evidence."""
