"""Blind comparisons on the page: beginning one, and showing both sides without names."""
