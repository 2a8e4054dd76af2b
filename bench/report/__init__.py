"""The outputs of a run: HTML, Markdown, SVG and the terminal, over views that all of them share."""
