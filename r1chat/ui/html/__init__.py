"""Model text as safe HTML: blocks, Markdown and formulas. Knows no widget."""
