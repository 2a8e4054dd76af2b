"""Off-the-shelf alternatives to the implementations, behind the same interface."""
