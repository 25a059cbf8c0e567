// Two replies side by side.
