"""Blind comparisons of a child with its parent, one after the other, until the interval is narrow enough."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass

from r1chat.app import App
from r1chat.both import Both
from r1chat.conversations import StoredReply
from r1chat.errors import NotFoundError, TrainingError
from r1chat.files import read_text
from r1chat.judgements import Sides, Winner
from r1chat.learn.children import Children, Liked, liked_in
from r1chat.learn.gather import question_of
from r1chat.learn.runs import Runs

_LONGEST = 50_000_000  # bytes of the questions that were set apart for a run
AHEAD = 2  # pairs that are written at a time: the second one while a person reads the first


@dataclass(frozen=True, slots=True)
class Pair:
    """Two replies to a question that was set apart, in the order that was drawn by lot."""

    sides: Sides
    question: str
    left: StoredReply
    right: StoredReply

    @property
    def ready(self) -> bool:
        """Both replies are there."""
        return self.left.reply.finish is not None and self.right.reply.finish is not None


class BlindQueue:
    """The pairs of every child. Thread-safe."""

    def __init__(self, app: App, children: Children) -> None:
        self._app, self._children = app, children
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Sides]] = {}  # undecided pairs by child, oldest first
        self._asked: dict[str, int] = {}  # pairs that were begun, by child

    def liked(self, name: str) -> Liked:
        """What the comparisons so far say. Raises BackendError where the child is gone."""
        return liked_in(self._app.store, *self._children.contenders(name, self._parent(name).partition(":")[2]))

    def next(self, name: str) -> Pair | None:
        """The pair that waits for a verdict; None where the comparisons so far suffice.

        Raises TrainingError where the child has no questions that were set apart, MessageError, BackendError.
        """
        liked = self.liked(name)
        if liked.suffices:
            return None
        with self._lock:
            waiting = self._open(name)
            while len(waiting) < AHEAD:
                waiting.append(self._begin(name, liked.games))
            sides = waiting[0]
        store = self._app.store
        return Pair(sides, store.turn(sides.turn_id).content, store.reply(sides.left_id), store.reply(sides.right_id))

    def decide(self, name: str, sides_id: str, winner: Winner, seen: tuple[bool, bool]) -> None:
        """Store the verdict of a pair; `seen`: whether the thought of each side was open. Raises MessageError."""
        with self._lock:
            waiting = self._open(name)
            sides = next((sides for sides in waiting if sides.id == sides_id), None)
            if sides is None:
                raise TrainingError(_DECIDED)
            left, right = (
                open_ if self._app.store.reply(side).reply.reasoning else None
                for side, open_ in zip((sides.left_id, sides.right_id), seen, strict=True)
            )
            self._app.teacher.compare(sides_id, winner, (left, right))
            waiting.remove(sides)

    def _open(self, name: str) -> list[Sides]:
        """The pairs that wait, less those that a person has decided in the chat or deleted since."""
        self._waiting[name] = [sides for sides in self._waiting.get(name, []) if self._is_open(sides)]
        return self._waiting[name]

    def _is_open(self, sides: Sides) -> bool:
        try:
            conversation = self._app.store.turn(sides.turn_id).conversation_id
            return sides.id not in self._app.teacher.judged(conversation).comparisons
        except NotFoundError:
            return False

    def _begin(self, name: str, games: int) -> Sides:
        questions = self._questions(name)
        number = self._asked.setdefault(name, games)
        self._asked[name] += 1
        both_sides = ((f"llama.cpp:{name}", None), (self._parent(name), None))
        question, asked_in = questions[number % len(questions)]
        samples = self._app.chat.begin_comparison(None, question, both_sides, carried_from=asked_in)
        sides = self._app.teacher.judged(samples.conversation_id).open_comparison(samples.turn_id)
        assert sides is not None
        return sides

    def _parent(self, name: str) -> str:
        return self._app.catalogue.find(f"llama.cpp:{name}")[1].parent

    def _questions(self, name: str) -> list[tuple[str, str]]:
        """The questions that were set apart when the child was trained, with the conversation in which each was asked.

        Those of conversations that were erased, or whose export is refused by now, are left out, and rows that do not
        tell their question; a file of others names no conversation: "".
        """
        run = str(self._children.record(name).get("run", ""))
        file = Runs(self._app.settings.data_dir).folder / run / "data.test.jsonl"
        try:
            lines = [json.loads(line) for line in read_text(file, _LONGEST).splitlines()] if run else []
        except (OSError, ValueError, RecursionError):
            lines = []
        places: dict[str, str] = {}
        for line in lines:
            question = question_of(line) if isinstance(line, dict) else ""
            if question and isinstance(conversation := line.get("conversation", ""), str):
                places.setdefault(question, conversation)
        usable = self._app.store.judgements.not_refused(set(places.values()))
        questions = [(question, place) for question, place in places.items() if place in usable or not place]
        if not questions:
            raise TrainingError(_NO_QUESTION)
        return questions


_DECIDED = Both(
    "This pair was decided already, or its conversation is deleted. Go on with the next one.",
    "这一对已作出选择，或其对话已被删除。请继续下一对。",
)
_NO_QUESTION = Both(
    "There is no question to compare on: none was set apart for this child, or their conversations were erased or may "
    "not be exported. Compare them in the chat: choose “two models” beside the message box.",
    "没有可用于比较的问题：该子模型没有留出的问题，或相应的对话已被清除或不允许导出。"
    "请在聊天中比较：在输入框旁选择“两个模型”。",
)
