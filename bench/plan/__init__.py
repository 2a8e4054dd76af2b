"""The plan of a run: from its options to the cells that it measures."""
