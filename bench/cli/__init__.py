"""The command line: options in, an exit code out."""
