"""llama.cpp in process: models found in folders, loaded, and run by one worker thread each."""
