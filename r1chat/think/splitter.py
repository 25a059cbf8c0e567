"""A backend's events -> the thought and the answer. Pure; knows no backend.

Which tags there are comes from `marks`: those of the model's format where a backend tells it (`Began`), else the common
ones. The rules, each met on some real wire:

- A tag that opens a thought does so at the beginning of a reply. Later it does where it begins a line, or stands right
  behind the end of a sentence: then the model thinks again within its answer. A doubled tag counts once.
- A closing tag ends the thought. Inside a thought it is text between quotation marks or backticks, and behind an
  opening tag that the thought quotes.
- In an answer, a closing tag that begins a line says that all before it was thought: the template opened the tag and
  nobody told us, or the model thought on after a forced close. Where no thought came before, or we closed it by force,
  one that ends a line or stands tight between two sentences says so too. In code, or after a quoted opening tag, it is
  text. Where nothing follows it, what stands before it stays the answer.
- Text that the server marks as reasoning or answer bypasses the tag rules, but a second close still counts.
- White space around the tags belongs to the template, not to the reply. The template's special tokens are dropped
  where they leak at the beginning or the end of a thought or an answer; elsewhere they are text. Where control tokens
  come as tokens (`Began.vocabulary`), all of them are dropped, and the same letters are text. An answer ends where the
  model begins a turn of the user's.

What can still turn out to be a tag, a leaked token or trailing white space is held back; everything else is passed on
at once. Each character is looked at a bounded number of times, so the cost is linear in the length of the reply.
"""

from __future__ import annotations

import re
from dataclasses import replace
from enum import Enum, auto

from r1chat.messages import Answer, BackendEvent, Began, Finish, Progress, Reasoning, ReplySoFar, Token
from r1chat.reasoning_format import ReasoningFormat
from r1chat.think.events import (
    AnswerStands,
    AnswerText,
    AnswerWasThought,
    Closed,
    ReasoningText,
    ReplyEvent,
    ThoughtAgain,
)
from r1chat.think.marks import END_TOKENS, START_TOKENS, TOKEN_BEGINS, TOKEN_ENDS, Mark, MarkRole, Marks

_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_SENTENCE_ENDS = frozenset(".!?。！？…:：)）]】}*$")
_QUOTES = frozenset("`\"'“”‘’「」『』«»")
_BETWEEN = "\n\n"  # joins two thoughts, or two parts of an answer


class _State(Enum):
    START = auto()
    TAGGED = auto()  # in a thought that ends with a tag
    NATIVE = auto()  # in a thought that ends when the server says so
    ANSWER = auto()


class _Line:
    """Where we are in the Markdown of a thought or an answer: enough to tell whether a tag is quoted."""

    def __init__(self) -> None:
        self.head = ""  # the line so far, up to its first visible characters
        self.last = ""
        self.fenced = False
        self._visible = ""  # the latest text that was more than white space

    def feed(self, text: str) -> None:
        if not text:
            return
        self.last = text[-1]
        if not text.isspace():
            self._visible = text
        if "\n" not in text:
            self._grow(text)
            return
        *ended, rest = text.split("\n")
        for part in ended:
            self._grow(part)
            if _FENCE.match(self.head):
                self.fenced = not self.fenced
            self.head = ""
        self._grow(rest)

    def _grow(self, part: str) -> None:
        if len(self.head) < 8 or self.head.isspace():
            self.head = (self.head[-8:] + part)[:64]

    @property
    def last_visible(self) -> str:
        return self._visible.rstrip()[-1:]

    @property
    def blank(self) -> bool:
        return not self.head.strip()

    @property
    def in_code(self) -> bool:
        return self.fenced or self.last == "`"

    @property
    def ends_sentence(self) -> bool:
        """Nothing but the end of a sentence stands right before."""
        return self.last in _SENTENCE_ENDS


class Splitter:
    """Feeds on backend events, returns reply events. One splitter makes one reply.

    `form` is the model's format, where the caller knows it; a `Began` event says it, too.
    """

    def __init__(self, so_far: ReplySoFar | None = None, form: ReasoningFormat | None = None) -> None:
        so_far = so_far or ReplySoFar()
        self._marks = Marks.of(form)
        self._known = form is not None  # the format is the template's, not a guess
        self._pair = 0  # which pair of tags opened this thought; 0: any of them may close it
        self._line = _Line()
        self._tail = ""  # may become a mark
        self._held: list[str] = []  # white space and special tokens: dropped unless text follows
        self._leading = True  # nothing of this thought or part of the answer has been passed on
        self._between = ""  # what joins the next visible text to what came before
        self._suspect = False  # the answer may turn out to be thought, at any closing tag
        self._wrapped = False  # the answer has a tag of its own around it
        self._moved = False  # the answer so far was taken for thought, and no other one has come
        self._quoted = 0  # opening tags that the text quotes
        self._within_answer = False  # a tag in the answer opened this thought
        self._later = False  # a thought within the answer has begun, of which nothing has been passed on
        self._thought = bool(so_far.reasoning)
        self._answered = bool(so_far.answer)
        self._turn_ended = False  # a token that ends the turn is held back
        self._over = False  # the model goes on with a turn that is not its own
        self._owed = 0  # tokens whose text is still held back
        self._tokens = 0  # of the event that is read now
        self._owed_by_space = 0  # those of them that white space before a closing tag took
        if so_far.closed:
            self._state = _State.ANSWER
            self._leading = self._suspect = not so_far.answer
            self._thought = True
            self._line.feed(so_far.answer)
        elif so_far.reasoning:
            self._state, self._leading = _State.TAGGED, False
            self._within_answer = bool(so_far.later)
            self._line.feed(so_far.reasoning)
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
        if isinstance(event, Began):
            self._begin(event)
            return []
        out: list[ReplyEvent] = []
        if isinstance(event, Reasoning):
            self._enter_native(out)
        elif isinstance(event, Answer) or self._state is _State.NATIVE:
            self._enter_answer(out)
        self._owed += event.tokens
        self._tokens = event.tokens
        if isinstance(event, Token) and self._marks.control:
            self._scan(f"{TOKEN_BEGINS}{event.text}{TOKEN_ENDS}", out)
        elif self._marks.control:
            self._scan(event.text.replace(TOKEN_BEGINS, "\ufffd").replace(TOKEN_ENDS, "\ufffd"), out)
        else:
            self._scan(event.text, out)
        return self._count(out)

    def _begin(self, began: Began) -> None:
        self._marks = Marks.of(began.form, began.vocabulary)
        self._known = began.form is not None
        if began.opened and self._state is _State.START:
            self._state = _State.TAGGED

    # -- text ---------------------------------------------------------------------------------------------------------

    def _scan(self, text: str, out: list[ReplyEvent]) -> None:
        if self._over:
            return
        text, self._tail = self._tail + text, ""
        if not self._marks.candidate.search(text):
            self._plain(text, out)
            return
        cut = self._marks.begins_at(text)
        text, self._tail = text[:cut], text[cut:]
        position = 0
        for match in self._marks.pattern.finditer(text):
            if self._over:
                return
            self._plain(text[position : match.start()], out)
            position = match.end()
            mark, following = self._marks.named(match.group()), text[position : position + 1] or self._tail[:1]
            if not following and self._needs_following(mark):
                self._tail = match.group()
                self._owed_by_space = self._owed - self._tokens
                return
            self._mark(mark, match.group(), following, out)
        if not self._over:
            self._plain(text[position:], out)

    def _needs_following(self, mark: Mark) -> bool:
        if self._state is _State.ANSWER:
            return mark.role in (MarkRole.OPEN, MarkRole.CLOSE)
        return self._state is _State.TAGGED and mark.role in (MarkRole.CLOSE, MarkRole.STOP) and mark.plain

    def _plain(self, text: str, out: list[ReplyEvent]) -> None:
        visible = text.rstrip()
        space = text[len(visible) :]
        if visible:
            if self._leading:
                self._held, visible = [], visible.lstrip()
            if self._state is _State.START:
                self._state, self._suspect = _State.ANSWER, True
            self._emit("".join(self._held) + visible, out)
        self._hold(space)

    def _hold(self, text: str) -> None:
        if text:
            self._held.append(text)
            self._line.feed(text)

    def _emit(self, text: str, out: list[ReplyEvent]) -> None:
        if self._leading:
            self._line = _Line()  # special tokens before the text are no part of its first line
        offset = sum(map(len, self._held))  # already seen by the line
        self._line.feed(text[offset:])
        joint = len(self._between)
        text, self._between = self._between + text, ""
        self._held, self._leading, self._turn_ended = [], False, False
        if self._state is _State.ANSWER:
            self._answered, self._moved = True, False
            out.append(AnswerText(text))
        else:
            self._thought = True
            if self._later:
                out.append(ThoughtAgain(joint))
                self._later = False
            out.append(ReasoningText(text))

    # -- marks --------------------------------------------------------------------------------------------------------

    def _mark(self, mark: Mark, text: str, following: str, out: list[ReplyEvent]) -> None:
        text = text.replace(TOKEN_BEGINS, "").replace(TOKEN_ENDS, "")
        if self._state is _State.NATIVE and mark.role not in (MarkRole.EDGE, MarkRole.STOP, MarkRole.DROP):
            if mark.role is MarkRole.OPEN and self._leading:
                return  # the tag that the server has told already
            self._literal(text, out)
        elif mark.role is MarkRole.DROP:
            if self._line.in_code:
                self._literal(text, out)
        elif mark.role is MarkRole.EDGE or (mark.role is MarkRole.STOP and self._state is not _State.TAGGED):
            self._edge(mark, text)
        elif mark.at_line and not self._line.blank:
            self._literal(text, out)
        elif self._state is _State.START:
            self._mark_at_start(mark, text, out)
        elif self._state is _State.TAGGED:
            self._mark_in_thought(mark, text, following, out)
        else:
            self._mark_in_answer(mark, text, following, out)

    def _edge(self, mark: Mark, text: str) -> None:
        if self._turn_ended and text in START_TOKENS and not self._line.in_code:
            self._over, self._held, self._tail = True, [], ""
            return
        self._turn_ended = self._turn_ended or (
            self._state is _State.ANSWER and not self._leading and (text in END_TOKENS or mark.role is MarkRole.STOP)
        )
        if not self._marks.control:
            self._hold(text)

    def _mark_at_start(self, mark: Mark, text: str, out: list[ReplyEvent]) -> None:
        if mark.role in (MarkRole.WRAP, MarkRole.UNWRAP):
            self._literal(text, out)
            return
        self._held = []
        if mark.role is MarkRole.OPEN:
            self._open(mark)
        elif mark.role is MarkRole.CLOSE:
            self._state = _State.TAGGED
            self._close(out)
        else:
            self._state = _State.ANSWER
            self._start_answer()
            self._wrapped = True

    def _mark_in_thought(self, mark: Mark, text: str, following: str, out: list[ReplyEvent]) -> None:
        line = self._line
        if mark.role is MarkRole.OPEN:
            if not self._leading:
                self._quoted += self._pair in (0, mark.pair)
                self._literal(text, out)
        elif mark.role in (MarkRole.CLOSE, MarkRole.STOP) and self._pair in (0, mark.pair or self._pair):
            between_quotes = line.last in _QUOTES and (following in _QUOTES or line.last == "`")
            after_quoted = self._quoted > 0 and (line.fenced or not (line.blank or following in ("", "\n")))
            if mark.plain and not self._leading and (between_quotes or after_quoted):
                self._quoted -= self._quoted > 0
                self._literal(text, out)
            else:
                self._close(out)
        elif mark.role is MarkRole.ANSWER and (not mark.plain or line.blank):
            self._close(out)
            self._wrapped = True
        else:
            self._literal(text, out)

    def _mark_in_answer(self, mark: Mark, text: str, following: str, out: list[ReplyEvent]) -> None:
        line = self._line
        if mark.role is MarkRole.OPEN:
            tight = line.ends_sentence and not following.isspace() and following not in _QUOTES
            if not line.in_code and (self._leading or line.blank or tight or not mark.plain):
                self._open(mark)
            else:
                self._quoted += not line.in_code
                self._literal(text, out)
        elif mark.role is MarkRole.CLOSE:
            self._close_in_answer(mark, text, following, out)
        elif mark.role is MarkRole.UNWRAP:
            if (mark.plain and not self._wrapped) or line.in_code:
                self._literal(text, out)
        elif line.in_code or (mark.role is MarkRole.WRAP and not (self._leading and self._thought)):
            self._literal(text, out)
        elif not self._leading and self._suspect and line.blank and mark.plain:
            self._move(out)
            self._wrapped = True
        elif mark.plain and not self._leading:
            self._literal(text, out)
        else:  # another part of the answer
            self._held, self._leading, self._wrapped = [], True, True
            self._between = _BETWEEN if self._answered else ""

    def _close_in_answer(self, mark: Mark, text: str, following: str, out: list[ReplyEvent]) -> None:
        line = self._line
        if line.in_code or self._quoted:
            self._quoted -= bool(self._quoted) and not line.in_code
            self._literal(text, out)
        elif self._leading:
            self._held = []  # closed twice, with nothing in between
        elif line.blank or (self._ends_line(following)) or (self._suspect and self._stands_tight(mark, following)):
            self._move(out)
        elif mark.plain:
            self._literal(text, out)

    def _ends_line(self, following: str) -> bool:
        return following in ("", "\n") and (self._suspect or self._line.last_visible in _SENTENCE_ENDS)

    def _stands_tight(self, mark: Mark, following: str) -> bool:
        """Whether a closing tag stands between two texts as a template sets it, not as a sentence about it would."""
        if not mark.plain:
            return True
        last = self._line.last
        if last.isspace() or following.isspace() or last in _QUOTES or following in _QUOTES or last in "(（[":
            return False
        ends = last in _SENTENCE_ENDS or (last.isascii() and last.isalnum()) or self._known
        return ends and (following.isalnum() or following in "*$\\#<[|-_")

    def _move(self, out: list[ReplyEvent]) -> None:
        """What came as answer was thought."""
        out.append(AnswerWasThought(again=self._thought))
        self._start_answer()
        self._thought, self._answered, self._moved = True, False, True

    def _literal(self, text: str, out: list[ReplyEvent]) -> None:
        if self._state is _State.START:
            self._state, self._suspect = _State.ANSWER, True
        if self._leading:
            self._held = []
        self._emit("".join(self._held) + text, out)

    def _open(self, mark: Mark) -> None:
        self._within_answer = self._state is _State.ANSWER
        self._later = self._within_answer and self._answered
        self._state, self._pair = _State.TAGGED, mark.pair
        self._held, self._leading, self._quoted = [], True, 0
        self._between = _BETWEEN if self._thought else ""
        self._line = _Line()

    def _close(self, out: list[ReplyEvent]) -> None:
        self._later = False
        out.append(Closed())
        self._state, self._thought = _State.ANSWER, True
        self._start_answer()
        self._between = _BETWEEN if self._answered else ""

    def _start_answer(self) -> None:
        self._held, self._leading, self._suspect, self._quoted = [], True, False, 0
        self._between, self._wrapped, self._turn_ended = "", False, False
        self._line = _Line()

    # -- what the server says itself ----------------------------------------------------------------------------------

    def _enter_native(self, out: list[ReplyEvent]) -> None:
        if self._state is _State.TAGGED:  # continuing a thought on a server that marks it
            self._state = _State.NATIVE
        elif self._state is _State.START or self._state is _State.ANSWER:
            again = self._state is _State.ANSWER
            if again:
                self._flush_tail(out)
            self._later = again and self._answered
            self._state, self._held, self._leading = _State.NATIVE, [], True
            self._between = _BETWEEN if again and self._thought else ""
            self._line = _Line()

    @property
    def _thinking(self) -> bool:
        return self._state in (_State.NATIVE, _State.TAGGED)

    def _enter_answer(self, out: list[ReplyEvent]) -> None:
        if self._state is _State.TAGGED and self._within_answer:
            return
        if self._thinking:
            self._flush_tail(out)
            if self._thinking:
                self._close(out)
        elif self._state is _State.START:
            self._state = _State.ANSWER

    # -- the end ------------------------------------------------------------------------------------------------------

    def _flush_tail(self, out: list[ReplyEvent]) -> None:
        tail, self._tail = self._tail, ""
        if tail and self._marks.pattern.fullmatch(tail):
            self._mark(self._marks.named(tail), tail, "", out)
        else:
            self._plain(tail.replace(TOKEN_BEGINS, ""), out)

    def _end(self, finish: Finish) -> list[ReplyEvent]:
        out: list[ReplyEvent] = []
        if not self._over:
            self._flush_tail(out)
        if self._moved and finish.reason == "stop":
            out.append(AnswerStands())
        space = "".join(text for text in self._held if text.isspace())
        if space and finish.reason != "stop" and not self._leading:  # continuing needs it
            self._held = []
            self._emit(space, out)
        return self._count(out)

    def _count(self, out: list[ReplyEvent]) -> list[ReplyEvent]:
        """Books the tokens of this event on the last text that came out of it; a tag counts as answer."""
        if self._owed_by_space:
            for at, event in enumerate(out):
                if isinstance(event, Closed | AnswerWasThought):
                    space = ReasoningText if isinstance(event, Closed) else AnswerText
                    out.insert(at, space("", self._owed_by_space))
                    self._owed -= self._owed_by_space
                    break
        if not self._tail:
            self._owed_by_space = 0
        for i in range(len(out) - 1, -1, -1):
            event = out[i]
            if self._owed and isinstance(event, ReasoningText | AnswerText) and event.text:
                out[i] = replace(event, tokens=self._owed)
                self._owed = 0
        return out
