"""Starting a worker process, and reporting how it ended."""
