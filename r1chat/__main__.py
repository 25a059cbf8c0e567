"""`python -m r1chat` is `r1chat`."""

import sys

from r1chat.cli import main

if __name__ == "__main__":
    sys.exit(main())
