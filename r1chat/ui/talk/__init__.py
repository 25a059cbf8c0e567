"""The conversation on the page: its feed, the transcript, and the list of conversations."""
