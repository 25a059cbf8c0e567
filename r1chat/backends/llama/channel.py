"""The messages between the page's process and an engine process: one JSON array per line, over a pair of pipes.

JSON, since nothing that a compromised engine sends may run code in the page's process. Both sides import this module;
it knows neither llama.cpp nor threads other than those that write at the same time.

To the engine, each with the number `n` of the task:

    ["knows", n, architecture]          -> ["done", true | false]
    ["devices", n]                      -> ["done", [Device, …]]
    ["load", n, LoadSpec]               -> ["done", Loaded]
    ["reply", n, Request, adapter]      -> ["done", Finish]
    ["many", n, Request, adapter, seeds, bytes] -> ["done", null]
    ["warm", n, Request, adapter]       -> ["done", null]
    ["measure", n, MeasureSpec]         -> ["done", Measured]
    ["stop", n]                            stops that task and those before it

From the engine: `["ready"]` once, or `["unusable", reason]`; for each task any number of events (see `pack_event`),
then one of `["done", …]`, `["stopped"]` and `["error", class, en, zh, needed, context]`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import IO, Any

from r1chat import errors
from r1chat.both import Both
from r1chat.errors import BackendError, ContextError, GenerationError
from r1chat.messages import BackendEvent, Began, Finish, Message, Params, Progress, Raw, ReplySoFar, Request, Token
from r1chat.reasoning_format import ReasoningFormat

Packed = list[Any]


@dataclass(frozen=True, slots=True)
class Device:
    """A device that llama.cpp can compute on. Memory in bytes; 0 where it does not tell."""

    name: str
    description: str
    gpu: bool
    free: int
    total: int


@dataclass(frozen=True, slots=True)
class LoadSpec:
    """How to load a model. Sizes in bytes, `window` and `batch` in tokens."""

    paths: tuple[str, ...]  # all parts; llama.cpp is given the first
    window: int
    batch: int
    token_bytes: int  # of keys and values for each token of context
    threads: int | None  # None: as suits the model
    gpu_layers: int  # -1: all
    mapped: bool  # weights stay on disk, mapped into memory: for files larger than the memory that is free
    endless: bool  # tokens that end a reply are never picked
    template: str
    bos: str
    eos: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading a model: the window in tokens, and where its layers are."""

    window: int
    layers: int
    gpu_layers: int  # of `layers`


@dataclass(frozen=True, slots=True)
class MeasureSpec:
    """Which file to time, and how: `depth` is a position in tokens (0: only near the beginning)."""

    path: str
    threads: int
    gpu_layers: int  # -1: all
    seconds: float  # for all repetitions of one figure, about
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds for one token: decoded at position `near`, of a prompt, and decoded at position `far` (0: not asked)."""

    step: float
    prompt: float
    deep: float
    near: int
    far: int


class Channel:
    """One end of the pair of pipes. Any thread may send; one thread receives."""

    def __init__(self, reader: IO[bytes], writer: IO[bytes]) -> None:
        self._reader = reader
        self._writer = writer
        self._lock = threading.Lock()

    def send(self, *message: Any) -> None:
        """Write one message. Raises OSError or ValueError where the other side, or this one, has closed."""
        line = json.dumps(message).encode() + b"\n"
        with self._lock:
            self._writer.write(line)
            self._writer.flush()

    def receive(self) -> Packed | None:
        """The next message; None when the other side has ended, in the middle of a message too."""
        try:
            line = self._reader.readline()
        except (OSError, ValueError):
            return None
        if not line.endswith(b"\n"):
            return None
        message: Packed = json.loads(line)
        return message

    def close(self) -> None:
        """Close both directions."""
        for stream in (self._writer, self._reader):
            with suppress(OSError):  # the other side has ended; what was buffered is lost with it
                stream.close()


# --- values as JSON ------------------------------------------------------------------------------------------------


def pack_event(event: BackendEvent, sample: int) -> Packed:
    """An event of one sample of a reply, as short as it can be."""
    if isinstance(event, Progress):
        return ["p", sample, event.stage, event.done, event.total]
    if isinstance(event, Finish):
        return ["f", sample, asdict(event)]
    if isinstance(event, Began):
        return ["b", sample, event.form and asdict(event.form), event.opened, event.vocabulary]
    return ["t" if isinstance(event, Token) else "r", sample, event.text, event.tokens]


def unpack_event(message: Packed) -> tuple[int, BackendEvent] | None:
    """The sample and the event; None for a message of another kind."""
    match message:
        case ["r", sample, text, tokens]:
            return sample, Raw(text, tokens)
        case ["t", sample, text, tokens]:
            return sample, Token(text, tokens)
        case ["b", sample, form, opened, vocabulary]:
            known = None if vocabulary is None else tuple(vocabulary)
            return sample, Began(form and ReasoningFormat.from_json(form), opened, known)
        case ["p", sample, stage, done, total]:
            return sample, Progress(stage, done, total)
        case ["f", sample, values]:
            return sample, Finish(**values)
        case _:
            return None


def pack_request(request: Request) -> dict[str, Any]:
    """A request as JSON."""
    return asdict(request)


def unpack_request(values: dict[str, Any]) -> Request:
    """The request that `pack_request` made JSON of."""
    so_far = values["so_far"]
    return Request(
        values["model"],
        tuple(Message(**message) for message in values["messages"]),
        ReplySoFar(**so_far) if so_far is not None else None,
        Params(**values["params"]),
        values["thinking"],
        values["repeatable"],
        values["budget"],
    )


def pack_error(error: BackendError) -> Packed:
    """An error with its sentence in both languages."""
    counts = (error.needed, error.context) if isinstance(error, ContextError) else (0, 0)
    return ["error", type(error).__name__, error.text.en, error.text.zh, *counts]


def unpack_error(values: Sequence[Any]) -> BackendError:
    """The error that `pack_error` was given; the part of the message after "error"."""
    name, en, zh, needed, context = values
    if name == ContextError.__name__:
        return ContextError(Both(en, zh), needed, context)
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, BackendError):
        return kind(Both(en, zh))
    return GenerationError(Both(en, zh))
