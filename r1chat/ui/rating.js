// Judging a reply: thumbs and what unfolds from them, the first wrong step, corrections, references.
