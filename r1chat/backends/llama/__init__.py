"""llama.cpp: models found in folders, each loaded and run in a process of its own."""
