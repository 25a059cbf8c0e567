"""Every documented output in a thousand random chunkings, and every template of a folder.

python -m benchmarks.formats [--chunkings 1000] [--templates FOLDER]
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from pathlib import Path

from r1chat.backends.format_finder import find_format
from r1chat.messages import BackendEvent, Finish, Raw
from r1chat.think import collect

OUTPUTS = Path(__file__).parent.parent / "tests" / "data" / "formats" / "outputs.jsonl"


def chunked(text: str, rng: random.Random) -> list[BackendEvent]:
    """The text in pieces of random length."""
    longest, start, events = rng.choice((1, 3, 9, 40, len(text))), 0, list[BackendEvent]()
    while start < len(text):
        size = rng.randint(1, longest)
        events.append(Raw(text[start : start + size]))
        start += size
    return events


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.formats", description=__doc__)
    parser.add_argument("--chunkings", type=int, default=1000, help="of each output")
    parser.add_argument("--outputs", type=Path, default=OUTPUTS, help="JSON Lines of outputs")
    parser.add_argument("--templates", type=Path, help="a folder of Jinja chat templates to read")
    args = parser.parse_args()
    rng, right = random.Random(1), Counter[bool]()
    for line in args.outputs.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        opened: list[BackendEvent] = [Raw("<think>", 0)] if row["prompt_opens"] else []
        good = True
        for _ in range(args.chunkings):
            reply = collect([*opened, *chunked(row["text"], rng), Finish("stop")])
            good = good and (reply.reasoning, reply.answer) == (row["thought"], row["answer"])
        right[good] += 1
        if not good:
            print("wrong:", row["name"])
    print(f"{right[True]} of {right.total()} outputs right in {args.chunkings} chunkings each")
    for path in sorted(args.templates.glob("*.jinja")) if args.templates else ():
        finding = find_format(path.read_text(encoding="utf-8"))
        print(path.stem, "->", finding.form or (finding.problem and finding.problem.sentence("en")) or "no thoughts")


if __name__ == "__main__":
    main()
