"""What somebody would pick instead of any of the ways here, through the same Protocol."""
