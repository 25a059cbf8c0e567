"""The command line: `main` has the commands; the other modules do their work."""
