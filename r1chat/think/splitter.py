"""A backend's events -> the thought and the answer. Pure; knows no backend.

The rules, each met on some real wire:

- Only a leading `<think>` opens the thought; later ones are text that quotes the tag. A doubled one counts once.
- `</think>` closes the thought. In an answer, a `</think>` that begins a line says that all before it was thought: the
  template opened the tag and nobody told us, or the model thought on after a forced close. Where no thought came
  before, or we closed it by force, one that ends a line says so too. In code, or after a quoted `<think>`, it is text.
- Text that the server marks as reasoning or answer bypasses the tag rules, but a second close still counts.
- White space around the tags belongs to the template, not to the reply. The template's special tokens are dropped
  where they leak at the beginning or the end of a thought or an answer; elsewhere they are text.

What can still turn out to be a tag, a leaked token or trailing white space is held back; everything else is passed on
at once. Each character is looked at a bounded number of times, so the cost is linear in the length of the reply.
"""

from __future__ import annotations

import re
from dataclasses import replace
from enum import Enum, auto

from r1chat.messages import Answer, BackendEvent, Finish, Progress, Reasoning, ReplySoFar
from r1chat.think.events import AnswerText, AnswerWasThought, Closed, ReasoningText, ReplyEvent

OPEN, CLOSE = "<think>", "</think>"
SPECIAL_TOKENS = (
    "<｜begin▁of▁sentence｜>",
    "<｜end▁of▁sentence｜>",
    "<｜User｜>",
    "<｜Assistant｜>",
    "<｜EOT｜>",
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|end_of_text|>",
)
_MARKS = (OPEN, CLOSE, *SPECIAL_TOKENS)
_MARK = re.compile("|".join(map(re.escape, _MARKS)))
_PREFIXES = frozenset(mark[:size] for mark in _MARKS for size in range(1, len(mark)))
_LONGEST = max(map(len, _MARKS))
_FENCE = re.compile(r"\s{0,3}(```|~~~)")


class _State(Enum):
    START = auto()
    TAGGED = auto()  # in a thought that ends with </think>
    NATIVE = auto()  # in a thought that ends when the server says so
    ANSWER = auto()


class _Line:
    """Where we are in the answer's Markdown: enough to tell whether a tag is quoted."""

    def __init__(self) -> None:
        self.head = ""  # the line so far, up to its first visible characters
        self.last = ""
        self.fenced = False

    def feed(self, text: str) -> None:
        *ended, rest = text.split("\n")
        for part in ended:
            self._grow(part)
            if _FENCE.match(self.head):
                self.fenced = not self.fenced
            self.head = ""
        self._grow(rest)
        self.last = text[-1:] or self.last

    def _grow(self, part: str) -> None:
        if len(self.head) < 8 or self.head.isspace():
            self.head = (self.head[-8:] + part)[:64]

    @property
    def blank(self) -> bool:
        return not self.head.strip()

    @property
    def in_code(self) -> bool:
        return self.fenced or self.last == "`"


class Splitter:
    """Feeds on backend events, returns reply events. One splitter makes one reply."""

    def __init__(self, so_far: ReplySoFar | None = None) -> None:
        so_far = so_far or ReplySoFar()
        self._line = _Line()
        self._tail = ""  # may become a mark
        self._held: list[str] = []  # white space and special tokens: dropped unless text follows
        self._leading = True  # nothing of this thought or answer has been passed on
        self._suspect = False  # the answer may turn out to be thought, at any </think>
        self._quoted = 0  # <think> tags that the answer quotes
        self._thought = bool(so_far.reasoning)
        self._owed = 0  # tokens whose text is still held back
        if so_far.closed:
            self._state = _State.ANSWER
            self._leading = self._suspect = not so_far.answer
            self._thought = True
            self._line.feed(so_far.answer)
        elif so_far.reasoning:
            self._state, self._leading = _State.TAGGED, False
        elif so_far.answer:  # a reply without a thought
            self._state, self._leading = _State.ANSWER, False
            self._line.feed(so_far.answer)
        else:
            self._state = _State.START

    def feed(self, event: BackendEvent) -> list[ReplyEvent]:
        """The reply events that this backend event brings, in order."""
        if isinstance(event, Progress):
            return [event]
        if isinstance(event, Finish):
            return [*self._end(event), event]
        out: list[ReplyEvent] = []
        if isinstance(event, Reasoning):
            self._enter_native(out)
        elif isinstance(event, Answer) or self._state is _State.NATIVE:
            self._enter_answer(out)
        self._owed += event.tokens
        self._scan(event.text, out)
        return self._count(out)

    # -- text ---------------------------------------------------------------------------------------------------------

    def _scan(self, text: str, out: list[ReplyEvent]) -> None:
        text, self._tail = self._tail + text, ""
        cut = text.rfind("<", max(0, len(text) - _LONGEST))
        if cut >= 0 and text[cut:] in _PREFIXES:
            text, self._tail = text[:cut], text[cut:]
        position = 0
        for mark in _MARK.finditer(text):
            self._plain(text[position : mark.start()], out)
            position = mark.end()
            following = text[position : position + 1] or self._tail[:1]
            if self._state is _State.ANSWER and mark.group() == CLOSE and not following:
                self._tail = CLOSE  # what follows decides
            else:
                self._mark(mark.group(), following, out)
        self._plain(text[position:], out)

    def _plain(self, text: str, out: list[ReplyEvent]) -> None:
        visible = text.rstrip()
        if visible:
            if self._leading:
                self._held, visible = [], visible.lstrip()
            if self._state is _State.START:
                self._state, self._suspect = _State.ANSWER, True
            self._emit("".join(self._held) + visible, out)
            self._held = []
            self._leading = False
        self._hold(text[len(text.rstrip()) :])

    def _hold(self, text: str) -> None:
        if text:
            self._held.append(text)
            if self._state is _State.ANSWER:
                self._line.feed(text)

    def _emit(self, text: str, out: list[ReplyEvent]) -> None:
        if self._state is _State.ANSWER:
            held = sum(map(len, self._held))  # already seen by the line
            self._line.feed(text[held:])
            out.append(AnswerText(text))
        else:
            self._thought = True
            out.append(ReasoningText(text))

    # -- marks --------------------------------------------------------------------------------------------------------

    def _mark(self, mark: str, following: str, out: list[ReplyEvent]) -> None:
        if mark not in (OPEN, CLOSE):
            self._hold(mark)
        elif self._state is _State.START:
            self._state = _State.TAGGED
            self._held = []
            if mark == CLOSE:
                self._close(out)
        elif self._state in (_State.NATIVE, _State.TAGGED):
            if mark == CLOSE and self._state is _State.TAGGED:
                self._close(out)
            elif not self._leading:
                self._literal(mark, out)
        elif mark == OPEN:
            self._quoted += not self._line.in_code
            self._literal(mark, out)
        else:
            self._close_in_answer(following, out)

    def _close_in_answer(self, following: str, out: list[ReplyEvent]) -> None:
        if self._line.in_code or self._quoted:
            self._quoted -= bool(self._quoted) and not self._line.in_code
            self._literal(CLOSE, out)
        elif self._leading:
            self._held = []  # closed twice, with nothing in between
        elif self._line.blank or (self._suspect and following in ("", "\n")):
            out.append(AnswerWasThought(again=self._thought))
            self._start_answer()
            self._thought = True
        else:
            self._literal(CLOSE, out)

    def _literal(self, mark: str, out: list[ReplyEvent]) -> None:
        held = [] if self._leading else self._held
        self._held = held
        self._emit("".join(held) + mark, out)
        self._held, self._leading = [], False

    def _close(self, out: list[ReplyEvent]) -> None:
        out.append(Closed())
        self._state, self._thought = _State.ANSWER, True
        self._start_answer()

    def _start_answer(self) -> None:
        self._held, self._leading, self._suspect, self._quoted = [], True, False, 0
        self._line = _Line()

    # -- what the server says itself ----------------------------------------------------------------------------------

    def _enter_native(self, out: list[ReplyEvent]) -> None:
        if self._state is _State.TAGGED:  # continuing a thought on a server that marks it
            self._state = _State.NATIVE
        elif self._state is _State.START or (self._state is _State.ANSWER and self._leading):
            self._state, self._held, self._leading = _State.NATIVE, [], not self._thought
        elif self._state is _State.ANSWER:  # it thinks again in mid-answer
            self._flush_tail(out)
            self._state, self._held, self._leading = _State.NATIVE, ["\n\n"], False

    def _enter_answer(self, out: list[ReplyEvent]) -> None:
        if self._state in (_State.NATIVE, _State.TAGGED):
            self._flush_tail(out)
            self._close(out)
        elif self._state is _State.START:
            self._state = _State.ANSWER

    # -- the end ------------------------------------------------------------------------------------------------------

    def _flush_tail(self, out: list[ReplyEvent]) -> None:
        tail, self._tail = self._tail, ""
        if tail == CLOSE:
            self._close_in_answer("", out)
        else:
            self._plain(tail, out)

    def _end(self, finish: Finish) -> list[ReplyEvent]:
        out: list[ReplyEvent] = []
        self._flush_tail(out)
        space = "".join(text for text in self._held if text.isspace())
        if space and finish.reason != "stop" and not self._leading:  # continuing needs it
            self._held = []
            self._emit(space, out)
        return self._count(out)

    def _count(self, out: list[ReplyEvent]) -> list[ReplyEvent]:
        """Books the tokens of this event on the last text that came out of it."""
        for i in range(len(out) - 1, -1, -1):
            event = out[i]
            if self._owed and isinstance(event, ReasoningText | AnswerText):
                out[i] = replace(event, tokens=self._owed)
                self._owed = 0
        return out
