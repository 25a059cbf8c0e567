"""What runs in an engine's own process: llama.cpp, one loaded model, and the loop that decodes replies.

Nothing here is imported by the process of the page; `channel` in the package above is the only way in and out.
"""
