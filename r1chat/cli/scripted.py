"""The page with a model whose words are known, for work on the page: `python -m r1chat.cli.scripted`.

No model is loaded, and no server is asked. Every reply has a thought with moments of reflection, and an answer with a
formula, a table and code. Conversations go into a temporary folder, unless --data-dir names one.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from r1chat.app import build
from r1chat.backends.scripted import ScriptedBackend
from r1chat.cli.process import polite_signals
from r1chat.cli.serving import serve
from r1chat.config import load
from r1chat.messages import Request

THOUGHT = """
Okay, so I should find the sum of the numbers from 1 to 10. The formula is n(n+1)/2, which gives 10 · 11 / 2 = 50.

Wait, let me check that. 10 · 11 is 110, and half of it is 55. So I was wrong: it is 55, not 50.

Alternatively, I can pair them: 1 + 10, 2 + 9, 3 + 8, 4 + 7, 5 + 6 are five pairs of 11. That is 55 again.
"""
ANSWER = r"""
The sum is $\boxed{55}$:

\[ \sum_{i=1}^{n} i = \frac{n(n+1)}{2} \]

| n | sum |
|---|-----|
| 5 | 15 |
| 10 | 55 |

```python
print(sum(range(1, 11)))
```
"""


def main() -> None:
    """Serve the page until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m r1chat.cli.scripted", description=__doc__)
    parser.add_argument("--rate", type=float, default=40, help="tokens per second (default: 40)")
    parser.add_argument("--port", type=int, help="default: the first free one from 7860")
    parser.add_argument("--data-dir", type=Path, help="default: a temporary folder")
    parser.add_argument("--no-browser", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="r1chat-scripted-") as folder:
        settings = load(
            data_dir=arguments.data_dir or folder, port=arguments.port, open_browser=not arguments.no_browser
        )
        backend = ScriptedBackend(_reply, rate=arguments.rate)
        with polite_signals(), closing(build(settings, {backend.name: backend})) as app:
            serve(app, lambda address: print(f"The page is at {address}\nCtrl-C stops it.", flush=True))


def _reply(request: Request) -> Iterator[str]:
    """The words of a reply, or what is left of them where it is continued."""
    if request.so_far is None:
        yield "<think>"
        yield from _tokens(THOUGHT)
    if request.so_far is None or not request.so_far.closed:
        yield "</think>"
    yield from _tokens(ANSWER)


def _tokens(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+$", text)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
