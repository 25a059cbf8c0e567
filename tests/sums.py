"""Sums as r1chat's nano writes them, judged in a store: replies without a second check are preferred."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from judged import asked, verified

from r1chat.config import nano_model
from r1chat.conversations import Provenance
from r1chat.messages import Reply
from r1chat.store import Store

CHECK = "Wait, let me check"


def nano() -> Provenance:
    """A reply of the shipped nano."""
    digest = hashlib.sha256(nano_model().read_bytes()).hexdigest()
    return Provenance("llama.cpp", "0.3.36", "r1chat-nano", digest)


def sums(count: int, seed: int = 0) -> Iterator[tuple[int, int]]:
    """Different pairs of numbers."""
    rng = random.Random(seed)
    seen: set[tuple[int, int]] = set()
    while len(seen) < count:
        pair = rng.randint(11, 199), rng.randint(11, 199)
        if pair not in seen:
            seen.add(pair)
            yield pair


def written(a: int, b: int, checked: bool) -> Reply:
    """A right reply in the nano's own words, with a second check or without."""
    known, carry, lines = "", 0, [f"I need to find {a} + {b}."]
    columns = max(len(str(a)), len(str(b)))
    for place in range(columns):
        digits = [a // 10**place % 10, b // 10**place % 10] + [1] * carry
        total = sum(digits)
        known = (str(total) if place == columns - 1 else str(total % 10)) + known
        lines.append(f"{'+'.join(map(str, digits))}={total}→{known}")
        carry = total // 10
    lines.append(f"So it is {a + b}.")
    if checked:
        last = a % 10 + b % 10
        lines.append(f"{CHECK} the last digit: {a % 10}+{b % 10}={last}, so it ends with {last % 10}. Yes.")
    return Reply("\n".join(lines), True, f"The answer is \\boxed{{{a + b}}}.", "stop")


def judge(
    store: Store, count: int, provenance: Provenance | None = None, *, same: bool = False, turned: bool = False
) -> None:
    """Comparisons of two right replies to different sums, a conversation each; with `same` one sum in all of them.

    `turned`: the other reply is preferred.
    """
    for number, (a, b) in enumerate(sums(count)):
        if same:
            a, b = 27, 43
        plain, checked = written(a, b, False), written(a, b, True)
        left = "checked" if number % 2 else "plain"
        sides = (checked, plain) if number % 2 else (plain, checked)
        replies = asked(store, *sides, message=f"{a} + {b} = ?", provenance=provenance or nano())
        comparison = store.judgements.begin_comparison(replies[0].id, replies[1].id, True)
        liked = "checked" if turned else "plain"
        store.judgements.compare(comparison.id, "left" if left == liked else "right", "ann")
        verified(store, str(a + b), *replies)


def answered(store: Store, count: int, seed: int = 0, right: bool = True) -> None:
    """Questions with their answers, a conversation each; with wrong ones unless `right`."""
    for a, b in sums(count, seed):
        (reply,) = asked(store, written(a, b, False), message=f"{a} + {b} = ?", provenance=nano())
        store.judgements.set_reference(reply.turn_id, str(a + b + (not right)), "number", "ann")


def new_store(folder: Path) -> Store:
    """The store of a data folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return Store(f"sqlite:///{folder / 'r1chat.db'}")


def preferred_rows(count: int) -> list[Any]:
    """Judgements as token ids of the nano: a reply without a second check is preferred to one with it."""
    from r1chat.backends.llama.child.reading import LoadedModel
    from r1chat.training.adapting import TokenRow

    with closing(LoadedModel(nano_model())) as reading:
        return [
            TokenRow(
                tuple(reading.prompt(f"<｜User｜>{a} + {b} = ?<｜Assistant｜><think>\n")),
                *(
                    tuple(reading.completion(f"{reply.reasoning}\n</think>\n\n{reply.answer}"))
                    for reply in (written(a, b, False), written(a, b, True))
                ),
            )
            for a, b in sums(count, 3)
        ]
