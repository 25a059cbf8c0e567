"""The settings dialog: looks, defaults, servers, where data are, shortcuts."""
