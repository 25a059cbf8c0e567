"""`python -m r1chat` is `r1chat`."""

import sys

from r1chat.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
