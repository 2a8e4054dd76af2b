"""report.md and its siblings: text in Markdown."""
