"""A model's stream -> thought and answer -> a reply that grows.

marks      the texts that open and close thoughts and answers, of one format or of all common ones
splitter   which text is thought, which answer: the tags, and the ways in which servers send them
events     what the splitter says                draft   events -> growing `Reply`
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from r1chat.messages import BackendEvent, Reply, ReplySoFar
from r1chat.think.draft import Draft
from r1chat.think.events import ReplyEvent
from r1chat.think.marks import OPEN, SPECIAL_TOKENS
from r1chat.think.splitter import Splitter

__all__ = ["OPEN", "SPECIAL_TOKENS", "Draft", "Splitter", "collect", "snapshots", "split_reasoning"]


def split_reasoning(events: Iterable[BackendEvent], so_far: ReplySoFar | None = None) -> Iterator[ReplyEvent]:
    """Tell thought from answer in a backend's stream. `so_far` is what the backend was asked to continue."""
    splitter = Splitter(so_far)
    for event in events:
        yield from splitter.feed(event)


def snapshots(events: Iterable[ReplyEvent], base: Reply | None = None) -> Iterator[Reply]:
    """The reply after each event, the first one empty. Each snapshot copies the text; sample them if there are many."""
    draft = Draft(base)
    yield draft.reply()
    for event in events:
        draft.add(event)
        yield draft.reply()


def collect(events: Iterable[BackendEvent], so_far: ReplySoFar | None = None) -> Reply:
    """The finished reply of a whole stream."""
    base = None
    if so_far is not None:
        base = Reply(reasoning=so_far.reasoning, closed=so_far.closed, answer=so_far.answer, later=so_far.later)
    draft = Draft(base)
    for event in split_reasoning(events, so_far):
        draft.add(event)
    return draft.reply()
