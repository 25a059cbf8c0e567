"""r1chat: a private chat app for reasoning models."""

__version__ = "0.1.0"
