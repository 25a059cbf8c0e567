"""What Open WebUI exports: its chats and its feedback, read into rows of an archive."""
