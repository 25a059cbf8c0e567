"""Events -> a reply that grows, with its counts and times. Pure, the clock aside."""

from __future__ import annotations

import time
from collections.abc import Callable

from r1chat.both import Wording
from r1chat.messages import LONGEST_NAME, MOST_LATER, Finish, LaterThought, Progress, Reply, Timings, Usage
from r1chat.think.events import AnswerStands, AnswerText, Closed, ReasoningText, ReplyEvent, ThoughtAgain


class Draft:
    """A reply in the making: `add` costs no more than its event, `reply` makes a snapshot.

    `base` is the reply that is being continued in place: its text, counts and times go on growing. For a reply that
    starts from another one's text (a fork), pass `Reply(reasoning=…, closed=…, answer=…)` with nothing else set.
    """

    def __init__(self, base: Reply | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        base = base or Reply()
        self._base = base
        self._clock = clock
        self._start = clock()
        self._first: float | None = None
        self._closed_at: float | None = 0.0 if base.closed else None
        self._reasoning = [base.reasoning]
        self._answer = [base.answer]
        self._reasoning_tokens = 0
        self._answer_tokens = 0
        self._closed = base.closed
        self._reopened = base.reopened
        self._later = base.later
        self._reopened_at: float | None = None  # when the later thought began that is open
        self._thought_again = 0.0  # seconds, in later thoughts that are closed
        # what `AnswerStands` goes back to
        self._before_move: tuple[str, int, bool, bool, int, tuple[LaterThought, ...]] = ("", 0, False, False, 0, ())
        self._progress: Progress | None = None
        self._finish: Finish | None = None
        self._ended: float | None = None
        self.error: Wording = ""

    def add(self, event: ReplyEvent) -> None:
        """Take one event in."""
        if isinstance(event, Progress):
            self._progress = event if self._first is None else None  # a pause between two words is no stage
        elif isinstance(event, Finish):
            self._finish, self._ended, self._progress = event, self._clock(), None
        elif isinstance(event, ReasoningText):
            self._began()
            self._reasoning.append(event.text)
            self._reasoning_tokens += event.tokens
        elif isinstance(event, AnswerText):
            self._began()
            self._answer.append(event.text)
            self._answer_tokens += event.tokens
        elif isinstance(event, Closed):
            self._reasoning = ["".join(self._reasoning).rstrip()]
            self._close()
        elif isinstance(event, ThoughtAgain):
            self._think_again(event.joint)
        elif isinstance(event, AnswerStands):
            self._restore_answer()
        else:
            self._move_answer(event.again)

    def _began(self) -> None:
        self._progress = None
        if self._first is None:
            self._first = self._clock() - self._start

    def _close(self) -> None:
        now = self._clock() - self._start
        if self._reopened_at is not None:
            self._thought_again += now - self._reopened_at
            self._reopened_at = None
        else:
            self._closed_at = now
        self._closed = True

    def _think_again(self, joint: int) -> None:
        if len(self._later) < MOST_LATER:
            self._reasoning = ["".join(self._reasoning)]
            self._answer = ["".join(self._answer)]
            self._later = (*self._later, LaterThought(len(self._reasoning[0]) + joint, len(self._answer[0])))
        self._closed, self._reopened_at = False, self._clock() - self._start
        if self._closed_at is None:  # no thought went before the answer
            self._closed_at = self._first or 0.0

    def _move_answer(self, again: bool) -> None:
        thought = "".join(self._reasoning)
        between = "\n\n" if thought else ""
        flags = self._closed, self._reopened
        self._before_move = (thought, len(thought + between), *flags, self._answer_tokens, self._later)
        self._reasoning = [thought, between]
        self._reasoning += self._answer
        self._answer = []
        self._later = ()
        self._reasoning_tokens += self._answer_tokens
        self._answer_tokens = 0
        self._reopened = self._reopened or again
        self._close()

    def _restore_answer(self) -> None:
        text = "".join(self._reasoning)
        thought, start, self._closed, self._reopened, tokens, self._later = self._before_move
        self._reasoning, self._answer = [thought], [text[start:]]
        self._reasoning_tokens -= tokens
        self._answer_tokens += tokens

    def fail(self, sentence: Wording, name: str = "") -> None:
        """The backend broke: what came stays, and the reply says why it ends. `name`: of the error."""
        self.error = sentence
        self.add(Finish("error", name))

    @property
    def finished(self) -> bool:
        """A `Finish` has come."""
        return self._finish is not None

    @property
    def closed(self) -> bool:
        """The thought is over, or there is none: the answer has begun."""
        return self._closed or (any(self._answer) and not self._later)

    @property
    def reasoning_tokens(self) -> int:
        """Tokens of thought so far."""
        return self._base.usage.reasoning_tokens + self._reasoning_tokens

    def reply(self) -> Reply:
        """The reply as it stands."""
        self._reasoning = ["".join(self._reasoning)]
        self._answer = ["".join(self._answer)]
        return Reply(
            reasoning=self._reasoning[0],
            closed=self._closed,
            answer=self._answer[0],
            finish=self._finish.reason if self._finish else None,
            error=self.error,
            raw_finish=self._finish.raw_reason[:LONGEST_NAME] if self._finish else "",
            reopened=self._reopened,
            later=self._later,
            usage=self._usage(),
            timings=self._timings(),
            progress=self._progress,
        )

    def _usage(self) -> Usage:
        old, finish = self._base.usage, self._finish
        reasoning, answer = self._reasoning_tokens, self._answer_tokens
        if finish and finish.completion_tokens is not None:  # the backend counts better than we do
            answer = min(answer, finish.completion_tokens)
            reasoning = finish.completion_tokens - answer
            if not any(self._reasoning):
                reasoning, answer = 0, finish.completion_tokens
        prompt = old.prompt_tokens
        if finish and finish.prompt_tokens is not None:  # it counts what we gave of the reply as prompt
            prompt = max(0, finish.prompt_tokens - old.reasoning_tokens - old.answer_tokens)
        return Usage(
            prompt_tokens=prompt,
            cached_tokens=finish.cached_tokens if finish else None,
            reasoning_tokens=old.reasoning_tokens + reasoning,
            answer_tokens=old.answer_tokens + answer,
            context=finish.context if finish and finish.context else old.context,
        )

    def _timings(self) -> Timings:
        old, finish = self._base.timings, self._finish
        now = (self._ended if self._ended is not None else self._clock()) - self._start
        thinking = 0.0
        if any(self._reasoning) and self._first is not None:
            thinking = max(0.0, (self._closed_at if self._closed_at is not None else now) - self._first)
            thinking += self._thought_again + (now - self._reopened_at if self._reopened_at is not None else 0.0)
        decode = finish.decode if finish else None
        if decode is not None and self._base.usage.reasoning_tokens + self._base.usage.answer_tokens:
            # the speed counts all tokens: without the time of the earlier ones, the backend's clock tells nothing
            decode = decode + old.decode if old.decode is not None else None
        return Timings(
            first_token=old.first_token if old.first_token is not None else self._first,
            thinking=old.thinking + thinking,
            total=old.total + now,
            load=finish.load if finish else None,
            prefill=finish.prefill if finish else None,
            decode=decode,
        )
