"""A function that runs in a child process with bounds of memory and time.

For code that comes from outside and may not end: regular expressions (`answers/`) and chat templates (`backends/`).
"""

from r1chat.limited.process import LimitedProcess, NotStartedError

__all__ = ["LimitedProcess", "NotStartedError"]
