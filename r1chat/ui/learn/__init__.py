"""The Learn page at /learn/: what was judged, runs with their curves, what came of them, and the family of models."""
