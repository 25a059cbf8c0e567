"""The page: rendering (pure, no widget), the guard of the HTTP side, and the Gradio widgets.

This is the only package that may import gradio; `markdown`, `formula`, `blocks`, `render`, `words` and `guard` do not.
"""
