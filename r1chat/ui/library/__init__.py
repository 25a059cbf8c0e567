"""The library page at /models/: models that suit this computer, downloads, and what is there already."""
