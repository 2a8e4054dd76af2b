"""The outputs of a run (HTML, Markdown, SVG, terminal, JSON) and the views that they share."""
