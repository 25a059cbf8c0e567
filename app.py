"""`python app.py` is `r1chat serve`, with the same flags."""

import sys

from r1chat.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
