"""Markdown output: report.md and similar files."""
