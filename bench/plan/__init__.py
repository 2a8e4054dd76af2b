"""From the options of a run to the cells that it measures."""
