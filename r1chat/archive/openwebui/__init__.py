"""Open WebUI's exports: chats, and feedback with a snapshot of the chat that each is about."""

from r1chat.archive.openwebui.chats import is_openwebui, read_openwebui

__all__ = ["is_openwebui", "read_openwebui"]
