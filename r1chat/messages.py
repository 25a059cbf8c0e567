"""What goes to a model and what comes back: frozen values that every other room takes and returns.

Ids and dates belong to the store, see `conversations`; nothing here knows SQL, HTTP, a widget or a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeVar

from r1chat.both import Wording
from r1chat.errors import ContextError
from r1chat.reasoning_format import ReasoningFormat

LONGEST_MESSAGE = 1_000_000  # characters of a message of a person, or of a system prompt
FIRST_MOMENT = datetime(1900, 1, 1, tzinfo=UTC)  # between these two, every time zone has a name for each moment
LAST_MOMENT = datetime(9998, 12, 31, tzinfo=UTC)
TOOL_CALLS = "tool_calls"  # `raw_finish` of a reply whose server has a tool called, which r1chat does not do
LONGEST_NAME = 300  # characters of a title, or of a model's name and what is told of it; longer names are not listed
MOST_LATER = 200  # thoughts within an answer that stand apart; what is thought after that goes on with the last one
_MOST_SIZE = 1 << 60  # bytes or parameters
MOST_TOKENS = 100_000_000  # that anything can be counted in; windows have a few million at most
MOST_SECONDS = 10_000_000.0  # that a reply can take: a third of a year

Number = TypeVar("Number", int, float)

Role = Literal["system", "user", "assistant"]

FinishReason = Literal[
    "stop",  # the model ended its reply
    "length",  # the context window or the token limit was reached
    "stopped",  # the person stopped it
    "cut",  # the stream ended without its last line, or the server says that the reply is not whole
    "error",  # the backend failed; `Reply.error` says how
    "interrupted",  # the app died while it streamed; found at the next start
]

ClosedBy = Literal[
    "",  # the model, or nobody yet
    "person",  # "answer now"
    "budget",  # the thinking tokens that were allowed were spent
]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt. `reasoning` is set only where a history policy keeps thoughts."""

    role: Role
    content: str
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class LaterThought:
    """Where a model thought again within its answer: offsets in characters.

    The thought begins at `thought` of the reasoning, and stands at `answer` of the answer. A blank line joins it to the
    thought before it, and the next part of the answer to the part before.
    """

    thought: int
    answer: int


def segments(reasoning: str, answer: str, later: tuple[LaterThought, ...]) -> list[tuple[str, str]]:
    """A reply in the order in which it was written: each thought, with the part of the answer that follows it.

    The white space that joins the segments is left out; that at the end of the reply stays.
    """
    cuts = [LaterThought(0, 0), *later]
    parts = []
    for i, cut in enumerate(cuts):
        following = cuts[i + 1] if i + 1 < len(cuts) else None
        thought = reasoning[cut.thought : following.thought if following else None]
        answer_part = answer[cut.answer : following.answer if following else None]
        parts.append((thought.rstrip() if following else thought, answer_part.lstrip("\n") if i else answer_part))
    return parts


def joined_segments(parts: Sequence[tuple[str, str]]) -> tuple[str, str, tuple[LaterThought, ...]]:
    """The reasoning, the answer and the later thoughts that `segments` made these of."""
    reasoning, answer = parts[0] if parts else ("", "")
    later = []
    for thought, answer_part in parts[1:]:
        reasoning += "\n\n" if reasoning else ""
        later.append(LaterThought(len(reasoning), len(answer)))
        reasoning += thought
        answer += ("\n\n" if answer and answer_part else "") + answer_part
    return reasoning, answer, tuple(later)


@dataclass(frozen=True, slots=True)
class ReplySoFar:
    """What a continued reply starts from: the text as it stands, and whether its thought is closed.

    `ReplySoFar("", closed=True)` skips the thought. Reasoning is kept without the newline that the template puts
    after `<think>`, the answer without the blank line after `</think>`: who renders them adds both, once.
    """

    reasoning: str = ""
    closed: bool = False
    answer: str = ""
    later: tuple[LaterThought, ...] = ()  # the last one is open unless `closed`


@dataclass(frozen=True, slots=True)
class Params:
    """Sampling parameters; the defaults are those that DeepSeek recommends for R1 (temperature 0.6, top-p 0.95).

    `seed` None means: draw one. Whoever starts a reply draws it, so that the store knows it.
    `max_tokens` bounds thought and answer together; None means as many as the window holds.
    """

    temperature: float = 0.6
    top_p: float = 0.95
    top_k: int = 0
    min_p: float = 0.0
    repeat_penalty: float = 1.0
    seed: int | None = None
    max_tokens: int | None = None
    presence_penalty: float = 0.0


@dataclass(frozen=True, slots=True)
class Request:
    """All that a backend needs to make, or continue, one reply."""

    model: str
    messages: tuple[Message, ...]
    so_far: ReplySoFar | None = None
    params: Params = Params()
    thinking: str = ""  # "off", "on" or an effort that the model knows; "": its own way, with a thought
    repeatable: bool = False  # nothing that was read before is reused, which changes the last digits of what follows
    budget: int | None = None  # thinking tokens, told to a model whose template has a place for it


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that a backend offers. Sizes in bytes, context in tokens; 0 or "" where the backend does not tell."""

    backend: str
    name: str
    title: str = ""
    size: int = 0
    parameters: int = 0
    quantisation: str = ""
    context: int = 0  # the window that r1chat will use
    trained_context: int = 0  # the longest that the model was made for
    thinks: bool = True
    continues: bool = True
    reasoning: ReasoningFormat | None = None  # how its template marks and switches thoughts, where that is known
    recalls: bool = True  # it can be shown the thoughts of its earlier replies
    note: Wording = ""  # what a person should know: what it can do, or why it cannot be used
    digest: str = ""
    architecture: str = ""
    template_hash: str = ""
    backend_version: str = ""
    ready: bool = True  # False: listed, but it cannot be used; `note` says why
    loaded: bool = False
    parent: str = ""  # key of the model that this one is an adapter of
    remote_host: str = ""  # another machine on which the backend's server runs this model

    def __post_init__(self) -> None:
        """What a server says is shown with every model, so it is cut; a name is not, since it would be another one."""
        for name in ("context", "trained_context"):
            object.__setattr__(self, name, _plausible(getattr(self, name), MOST_TOKENS) or 0)
        for name in ("size", "parameters"):
            object.__setattr__(self, name, _plausible(getattr(self, name), _MOST_SIZE) or 0)
        for name in ("title", "quantisation", "digest", "architecture", "template_hash", "backend_version", "parent"):
            object.__setattr__(self, name, getattr(self, name)[:LONGEST_NAME])
        object.__setattr__(self, "remote_host", self.remote_host[:LONGEST_NAME])

    @property
    def key(self) -> str:
        """`backend:name`, unique among all models."""
        return f"{self.backend}:{self.name}"


# --- what a backend says while it makes a reply ---------------------------------------------------------------------

Stage = Literal["waiting", "queued", "loading", "prefill"]


@dataclass(frozen=True, slots=True)
class Raw:
    """Text as the model wrote it, `<think>` tags and all. `tokens` it took: 0 for text that was given."""

    text: str
    tokens: int = 1


@dataclass(frozen=True, slots=True)
class Token(Raw):
    """A control token that the model wrote: its text, which no mere letters can pass for."""


@dataclass(frozen=True, slots=True)
class Began:
    """Comes before the text: how the model marks its thought. `opened`: the prompt has opened it for this reply.

    `form` None: not known. `vocabulary`: the texts of tags that are tokens of the model's vocabulary. Where it is
    given, those and all control tokens come as `Token`, and the same letters in a `Raw` are text.
    """

    form: ReasoningFormat | None = None
    opened: bool = False
    vocabulary: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Text that the server itself says is thought."""

    text: str
    tokens: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """Text that the server itself says is answer."""

    text: str
    tokens: int = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """What is happening while no text comes: `done` of `total`.

    waiting: for a server, nothing known · queued: `done` replies are ahead in the queue · loading: a model, in percent
    · prefill: prompt tokens. It also is the heartbeat: a backend yields something at least every 0.2 s.
    """

    stage: Stage
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Finish:
    """The last event. Counts in tokens, times in seconds; None where the backend does not tell.

    Servers are not trusted to count: a number that is negative, not finite or larger than any real one becomes None.
    """

    reason: FinishReason
    raw_reason: str = ""
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    completion_tokens: int | None = None
    context: int | None = None
    load: float | None = None
    prefill: float | None = None
    decode: float | None = None

    def __post_init__(self) -> None:
        for name in ("prompt_tokens", "cached_tokens", "completion_tokens", "context"):
            object.__setattr__(self, name, _plausible(getattr(self, name), MOST_TOKENS))
        for name in ("load", "prefill", "decode"):
            object.__setattr__(self, name, _plausible(getattr(self, name), MOST_SECONDS))


BackendEvent = Began | Raw | Reasoning | Answer | Progress | Finish


# --- a reply ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one reply. `context` is the size of the window; None: not told."""

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int = 0
    answer_tokens: int = 0
    context: int | None = None

    @property
    def tokens(self) -> int:
        """Tokens of the thought and the answer together."""
        return self.reasoning_tokens + self.answer_tokens

    @property
    def free(self) -> int | None:
        """Tokens left in the window, if it is known."""
        if self.context is None or self.prompt_tokens is None:
            return None
        return max(0, self.context - self.prompt_tokens - self.reasoning_tokens - self.answer_tokens)


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds of one reply: as the person saw them; `load`, `prefill` and `decode` as the backend told them."""

    first_token: float | None = None
    thinking: float = 0.0
    total: float = 0.0
    load: float | None = None
    prefill: float | None = None
    decode: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply, at one moment. It grows by replacement; `finish` None means that it still grows.

    `raw_finish` is the reason in the backend's own words; where `finish` is "error", the name of the error.
    `reopened`: after a forced close the model went on thinking in its answer and closed again; that text is in
    `reasoning`. `later`: thoughts within the answer, which are in `reasoning` too; while the last of them is open,
    `closed` is False. `progress` is set only while no text has come, and is never stored.
    """

    reasoning: str = ""
    closed: bool = False  # the thought is over
    answer: str = ""
    finish: FinishReason | None = None
    error: Wording = ""
    raw_finish: str = ""
    reopened: bool = False
    later: tuple[LaterThought, ...] = ()
    usage: Usage = Usage()
    timings: Timings = Timings()
    progress: Progress | None = None

    @property
    def too_long(self) -> bool:
        """It was refused, since its prompt does not fit the window: the same prompt will be refused again."""
        return self.finish == "error" and self.raw_finish == ContextError.__name__

    @property
    def wants_tool(self) -> bool:
        """It ended, perhaps without a word, since the model wants to call a tool."""
        return self.finish == "cut" and self.raw_finish == TOOL_CALLS

    @property
    def so_far(self) -> ReplySoFar:
        """What it takes to continue this reply from where it stands."""
        return ReplySoFar(self.reasoning, self.closed, self.answer, self.later)

    @property
    def thinking(self) -> bool:
        """Its thought is open, or may still begin."""
        return not self.closed and (not self.answer or bool(self.later))

    @property
    def tokens_per_second(self) -> float | None:
        """Speed of decoding: by the backend's clock, else by ours; None before there is one."""
        tokens = self.usage.tokens
        seconds = self.timings.decode or (self.timings.total - (self.timings.first_token or 0.0))
        return tokens / seconds if tokens > 1 and seconds > 0 else None


def _plausible(value: Number | None, most: Number) -> Number | None:
    """The value if it is from 0 to `most`; None for any other one, NaN among them."""
    return value if value is not None and 0 <= value <= most else None
