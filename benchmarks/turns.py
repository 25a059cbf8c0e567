"""The wait before the first token as a conversation grows.

A model with random weights, eight turns with thoughts of 1,000 tokens and answers of 200. After each reply the next
prompt is read in idle time, as `Chat` does it. The wait is a person's: from the message given to `Chat`, which stores
it, to the first token of its reply. That of turn 8 is compared with that of turn 1 at messages of one length: 4 tokens
("Why is that?"), 20 (a question of one sentence) and 120 (a paragraph).

Reading ahead leaves to be read at turn 8 what is left at turn 1: the message, and what opens the reply. But each of
these tokens attends to all that came before, and next to weights as small as these that takes long: the larger a model,
the less it shows (`--shape`). So the time outside llama.cpp and the tokens that were read are told, too: those are
r1chat's own.

The conversation is made once, token by token. Then its turns are asked in rounds, so that what else a busy machine does
strikes all of them alike, and the medians count. Needs the `test` extra (gguf, numpy).

    python -m benchmarks.turns [--json] [--rounds 15] [--shape tiny]
"""

from __future__ import annotations

import argparse
import random
import statistics
import string
import tempfile
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.random_gguf import SHAPES, Shape, write
from benchmarks.report import Report
from r1chat.backends.catalogue import Catalogue
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.chat import Chat
from r1chat.conversations import Provenance
from r1chat.messages import Message, Params, Reply, ReplySoFar, Request
from r1chat.store import Store
from r1chat.think import collect

TURNS, THOUGHT, ANSWER = 8, 1_000, 200
LENGTHS = (4, 20, 120)  # tokens of a message
LENGTH = 20  # of the messages that the conversation consists of
QUICK = 20  # top-k: sorting 150,000 candidates would take longer than this model's decoding
MODEL = "random"
KEY = f"llama.cpp:{MODEL}"

History = tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """How long one message waited for its first token; `outside` of llama.cpp a part of it. Milliseconds, tokens."""

    total: float
    outside: float
    evaluated: int


def message(length: int, words: random.Random) -> Message:
    """A message of `length` tokens that was never sent before: in this vocabulary a word of three letters is one."""
    return Message("user", "".join(" " + "".join(words.choices(string.ascii_lowercase, k=3)) for _ in range(length)))


def untagged(text: str) -> str:
    """Text in which the model has not closed a thought by chance, as it may at any token."""
    return text.replace("</think>", "")


class Asker:
    """Conversations in a store, and how long their last messages wait when they are said anew."""

    def __init__(self, backend: LlamaCppBackend, folder: Path) -> None:
        self._store = Store(f"sqlite:///{folder / 'turns.db'}")
        self._chat = Chat(self._store, Catalogue({"llama.cpp": backend}), Params(seed=1, top_k=QUICK, max_tokens=1))

    def close(self) -> None:
        self._chat.close()
        self._store.close()

    def begin(self, history: History) -> str:
        """Store a conversation, and one more message that waits for its reply; the id of that message."""
        conversation, parent = self._store.new_conversation(model=KEY), None
        for question, answer in zip(history[::2], history[1::2], strict=True):
            turn = self._store.add_turn(conversation.id, question.content, parent)
            provenance = Provenance("llama.cpp", MODEL)
            parent = self._store.add_reply(turn.id, provenance, Reply("", True, answer.content, "stop")).id
        return self._store.add_turn(conversation.id, "?", parent).id

    def ask(self, turn_id: str, message: Message) -> Wait:
        """Say a message anew, and take the reply's first token and nothing more."""
        began = time.perf_counter()
        generation = self._chat.edit(turn_id, message.content, KEY)
        for reply in generation.watch(interval=0):
            if reply.reasoning or reply.answer:
                break
        total = (time.perf_counter() - began) * 1000
        reply = generation.wait()
        while self._chat.running(generation.conversation_id):
            time.sleep(0.001)
        usage, prefill = reply.usage, reply.timings.prefill
        if prefill is None or usage.prompt_tokens is None or usage.cached_tokens is None:
            raise AssertionError(f"the reply broke: {reply.error}")
        return Wait(total, total - prefill * 1000, usage.prompt_tokens - usage.cached_tokens)


def converse(backend: LlamaCppBackend, words: random.Random) -> list[History]:
    """What stands before the message of each turn."""
    histories: list[History] = [()]
    for turn in range(TURNS - 1):
        messages = (*histories[-1], message(LENGTH, words))
        thinking = Params(seed=turn, top_k=QUICK, max_tokens=THOUGHT)
        thought = collect(backend.stream(Request(MODEL, messages, params=thinking))).reasoning
        so_far = ReplySoFar(untagged(thought), closed=True)
        answering = Params(seed=turn, top_k=QUICK, max_tokens=ANSWER)
        answer = collect(backend.stream(Request(MODEL, messages, so_far, answering)), so_far).answer
        histories.append((*messages, Message("assistant", untagged(answer))))
    return histories


def measure(shape: Shape, rounds: int) -> tuple[dict[tuple[int, int], Wait], Wait]:
    """The median wait by turn and length of the message; and the last turn's where nothing was read ahead."""
    words = random.Random(1)
    waits: defaultdict[tuple[int, int], list[Wait]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{MODEL}.gguf"
        write(file, shape)
        backend = LlamaCppBackend([file], context=16_384, endless=True)
        histories = converse(backend, words)
        with closing(Asker(backend, Path(folder))) as asker:
            turns = [asker.begin(history) for history in histories]
            cold = asker.ask(turns[-1], message(LENGTH, words))
            for _ in range(rounds):
                for turn, history in enumerate(histories, start=1):
                    backend.warm(Request(MODEL, history))
                    asker.ask(turns[turn - 1], message(1, words))  # as a thought that is gone: what follows is dropped
                    for length in LENGTHS:
                        waits[turn, length].append(asker.ask(turns[turn - 1], message(length, words)))
        backend.close()
    return {case: median(several) for case, several in waits.items()}, cold


def median(waits: list[Wait]) -> Wait:
    """The median of each figure; the tokens are the same in all."""
    (evaluated,) = {wait.evaluated for wait in waits}
    total = statistics.median(wait.total for wait in waits)
    return Wait(total, statistics.median(wait.outside for wait in waits), evaluated)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.turns", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15, help="how often each turn is asked")
    parser.add_argument("--shape", choices=SHAPES, default="tiny", help="of the model; the bar is for tiny")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    waits, cold = measure(SHAPES[args.shape], args.rounds)
    report = Report("turns")
    report.figure("shape", args.shape)
    for turn in range(1, TURNS + 1):
        report.figure(f"wait before the first token, turn {turn}, {LENGTH} tokens, ms", waits[turn, LENGTH].total)
    report.figure(f"turn {TURNS} where it was not read ahead, {LENGTH} tokens, ms", cold.total)
    for length in LENGTHS:
        first, last = waits[1, length], waits[TURNS, length]
        report.figure(f"turn 1 and turn {TURNS}, {length} tokens, ms", f"{first.total:.1f}, {last.total:.1f}")
        report.figure(f"outside llama.cpp, {length} tokens, ms", f"{first.outside:.1f}, {last.outside:.1f}")
    for length in LENGTHS:
        first, last = waits[1, length], waits[TURNS, length]
        report.bar(f"tokens read at turn {TURNS} over turn 1, {length}", last.evaluated / first.evaluated, at_most=1)
        report.bar(f"wait of turn {TURNS} over turn 1, {length} tokens", last.total / first.total, at_most=1.2)
    report.print(as_json=args.json)


if __name__ == "__main__":
    main()
