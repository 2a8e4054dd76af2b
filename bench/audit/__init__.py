"""Rejecting times that cannot be true, with the evidence."""
