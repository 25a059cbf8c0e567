"""Broken exports of other programs: each ends in an import or in a sentence, in a time linear in its size.

    python -m benchmarks.fuzz_imports [--inputs 10000] [--seed 1]

Takes the small exports of tests/data/import, changes bytes, values or the structure of each at random, and imports the
result. Prints how many came in, how many were refused, and the slowest; fails on any other exception, and where the
counts of what came in and of what was left out do not add up to what the file holds. Then imports files with many
chats, and chats with many messages, and prints by how much the time grows where there are twice as many.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from r1chat import archive
from r1chat.archive import ImportCounts
from r1chat.archive.counts import CHATS_LEFT_OUT, MESSAGES_LEFT_OUT
from r1chat.errors import R1ChatError
from r1chat.store import Store

DATA = Path(__file__).parents[1] / "tests" / "data" / "import"
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, 10**400, 1e308, "", "\ud800", "\0", "x" * 300, [], {}, [[]], [None], {"": None},
    "<think>", "</details>", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", 253402300799, "user", "assistant",
)  # fmt: skip


def adds_up(came: ImportCounts) -> bool:
    """Whether the counts add up to what the file holds."""
    chats = came.conversations + came.extended + came.known + sum(came.left_out.get(c, 0) for c in CHATS_LEFT_OUT)
    messages = came.turns + came.replies + came.joined + came.known_messages
    messages += sum(came.left_out.get(code, 0) for code in MESSAGES_LEFT_OUT)
    return (came.chats, came.messages) == (chats, messages)


def mutated(rng: random.Random, seeds: list[bytes]) -> bytes:
    """One of the exports, changed in one to four places."""
    whole = rng.choice(seeds)
    for _ in range(rng.randint(1, 4)):
        change = rng.choice((_values,) * 12 + (_bytes, _cut, _pasted))
        whole = change(rng, whole, seeds)
    return whole


def _bytes(rng: random.Random, whole: bytes, seeds: list[bytes]) -> bytes:
    changed = bytearray(whole or b"[")
    for _ in range(rng.randint(1, 3)):
        changed[rng.randrange(len(changed))] = rng.choice((rng.randrange(256), *b'"\\[]{},:0'))
    return bytes(changed)


def _cut(rng: random.Random, whole: bytes, seeds: list[bytes]) -> bytes:
    return whole[: rng.randrange(len(whole) + 1)]


def _pasted(rng: random.Random, whole: bytes, seeds: list[bytes]) -> bytes:
    other = rng.choice(seeds)
    start = rng.randrange(len(other))
    at = rng.randrange(len(whole) + 1)
    return whole[:at] + other[start : start + rng.randint(1, 400)] + whole[at:]


def _values(rng: random.Random, whole: bytes, seeds: list[bytes]) -> bytes:
    """Change, remove, copy or swap values of the JSON; of what is none, bytes."""
    try:
        value = json.loads(whole)
    except ValueError:
        return _bytes(rng, whole, seeds)
    places: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        holder = pending.pop()
        if isinstance(holder, dict | list):
            keys = list(holder) if isinstance(holder, dict) else range(len(holder))
            places += [(holder, key) for key in keys]
            pending += [holder[key] for key in keys]
    if not places:
        return whole
    holder, key = rng.choice(places)
    other, place = rng.choice(places)
    change = rng.randrange(5)
    if change == 0 and isinstance(holder, dict):
        del holder[key]
    elif change == 1:
        holder[key] = copy.deepcopy(other[place])
    elif change == 2 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    elif change == 3 and isinstance(holder, dict):
        holder[str(rng.choice(ODD))[:20]] = holder.pop(key)
    else:
        holder[key] = rng.choice(ODD)
    try:
        return json.dumps(value).encode()
    except (ValueError, RecursionError):
        return whole


def seeds() -> list[bytes]:
    """The exports, those with lines also as lists."""
    return [path.read_bytes() for path in sorted(DATA.iterdir())]


def fuzz(inputs: int, seed: int, folder: Path) -> tuple[Counter[str], float]:
    """Import that many broken exports; how they ended, and the seconds of the slowest. Raises what is a defect."""
    rng, exports = random.Random(seed), seeds()
    ends: Counter[str] = Counter()
    slowest = 0.0
    store = Store(f"sqlite:///{folder / 'fuzz.db'}")
    try:
        for number in range(inputs):
            (folder / "export").write_bytes(mutated(rng, exports))
            start = time.perf_counter()
            try:
                came = archive.read(store, folder / "export")
            except R1ChatError as error:
                ends["refused"] += 1
                assert error.sentence("zh") and str(error), number
            else:
                ends["came in"] += 1
                assert came.source == "r1chat" or adds_up(came), (number, came)
            slowest = max(slowest, time.perf_counter() - start)
    except Exception:
        print(f"input {number} of seed {seed} is a defect; it is {folder / 'export'}", file=sys.stderr)
        raise
    finally:
        store.close()
    return ends, slowest


ONE_OF_EACH = (
    "chatgpt-conversations.json", "claude-conversations.json", "jan-messages.jsonl", "llamacpp.jsonl",
    "lmstudio.conversation.json", "messages.jsonl", "owui-arena.json", "sharegpt.json",
)  # fmt: skip


def growth(folder: Path, copies: int = 100) -> float:
    """By how much the slowest reader's time grows where a file holds twice as many chats, or a chat twice as many
    messages: 2.0 is linear.
    """
    readers: list[tuple[str, Callable[[int], bytes]]] = [(name, partial(_many, DATA / name)) for name in ONE_OF_EACH]
    readers += [("one side", partial(_long, sides=1)), ("turns", partial(_long, sides=2))]
    worst = 0.0
    for name, make in readers:
        times = []
        for count in (copies, 2 * copies):
            (folder / "large").write_bytes(make(count))
            store = Store(f"sqlite:///{folder / f'{name}-{count}.db'}")
            start = time.process_time()
            archive.read(store, folder / "large")
            times.append(time.process_time() - start)
            store.close()
        worst = max(worst, times[1] / times[0])
    return worst


def _long(count: int, sides: int) -> bytes:
    """A chat of ten times that many messages, of one side or of both in turn."""
    roles = ("user", "assistant")[:sides]
    count *= 10
    messages = [{"role": roles[at % sides], "content": f"<think>Hm {at}</think>{at}"} for at in range(count)]
    return json.dumps({"messages": messages}).encode()


def _many(path: Path, copies: int) -> bytes:
    """An export with that many chats."""
    whole = path.read_bytes()
    try:
        value = json.loads(whole)
        entries = value if isinstance(value, list) else [value]
        return json.dumps([_renamed(entry, number) for number in range(copies) for entry in entries]).encode()
    except ValueError:
        lines = [json.loads(line) for line in whole.splitlines() if line.strip()]
        return "\n".join(json.dumps(_renamed(line, number)) for number in range(copies) for line in lines).encode()


def _renamed(entry: Any, number: int) -> Any:
    """Another chat of the same kind."""
    text = json.dumps(entry).replace("7 times 6", f"7 times {number}")
    for name in ("id", "uuid", "conversation_id", "convId", "thread_id"):
        text = text.replace(f'"{name}": "', f'"{name}": "{number}-')
    return json.loads(text)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        ends, slowest = fuzz(args.inputs, args.seed, Path(folder))
        summary = ", ".join(f"{count:,} {how}" for how, count in sorted(ends.items()))
        print(f"{args.inputs:,} inputs: {summary}; no other end. The slowest took {slowest:.2f} s.")
        print(f"Twice the chats take up to {growth(Path(folder)):.1f} times the time.")


if __name__ == "__main__":
    main()
