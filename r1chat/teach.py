"""Judging replies: one method for each kind of judgement.

A judgement is stored, and every page that shows the conversation is notified. Answers are checked by rule as soon as
there is a reference, and so are later replies. Knows no widget and no export.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace

from r1chat.both import Both
from r1chat.chat import Chat
from r1chat.conversations import StoredReply
from r1chat.errors import CheckError, MessageError, R1ChatError
from r1chat.judgements import (
    Aspects,
    Check,
    Comparison,
    Judged,
    Part,
    Rating,
    Reference,
    Sides,
    StepLabel,
    StepVerdict,
    Thumb,
    Winner,
)
from r1chat.messages import Reply, Usage
from r1chat.program_runs import ProgramRuns
from r1chat.ranking import Ranking, ranked
from r1chat.rewards import Reward, RightAnswer, accuracy, check
from r1chat.rewards.programs import passes, read_requirements
from r1chat.rewards.rules import rules

log = logging.getLogger(__name__)


class Teacher:
    """Stores the judgements of one rater. `rater` is a pseudonym."""

    def __init__(self, chat: Chat, rater: str) -> None:
        self.rater = rater
        self._chat = chat
        self._store = chat.store
        self._judgements = chat.store.judgements
        self._rating = threading.Lock()  # a rating repeats what stands: two changes must not forget each other
        self._reopened: set[str] = set()  # ids of sides; not stored: after a restart the verdict in force holds
        # by reply: the tests (an id) that it was run with, its answer then, and what came of it; not stored
        self._outcomes: dict[str, tuple[str, str, Reward]] = {}
        self._runs = ProgramRuns()
        self._ranking: set[str] = set()  # ids of turns; not stored: after a restart Rank continues from the comparisons
        chat.when_made(self._verify_quietly)
        chat.when_made(self._go_on_from_the_whole_side)

    def judged(self, conversation_id: str) -> Judged:
        """All judgements of a conversation that are in force."""
        judged = self._judgements.judged(conversation_id, self.rater)
        testing = self._runs.running()
        return replace(judged, reopened=frozenset(self._reopened), ranking=frozenset(self._ranking), testing=testing)

    # -- one reply ----------------------------------------------------------------------------------------------------

    def rate(
        self,
        reply_id: str,
        part: Part,
        thumb: Thumb,
        reasons: Collection[str] = (),
        comment: str = "",
        aspects: Aspects = Aspects(),  # noqa: B008  frozen
        thought_open: bool | None = None,
    ) -> Rating:
        """A rating of the answer or the thought in place of the one in force; see `Judgements.rate`."""
        rating = self._judgements.rate(reply_id, part, thumb, self.rater, reasons, comment, aspects, thought_open)
        self._tell(reply_id)
        return rating

    def change_rating(self, reply_id: str, part: Part, change: Callable[[Rating], Rating]) -> Rating:
        """Change something of the rating in force, or of an empty one; what `change` leaves as it is stays.

        Raises what `change` and `Judgements.rate` raise.
        """
        with self._rating:
            stored = self._store.reply(reply_id)
            judged = self.judged(self._store.turn(stored.turn_id).conversation_id)
            now = judged.ratings.get((reply_id, part)) or Rating("", reply_id, part, "", stored.created)
            new = change(now)
            return self.rate(reply_id, part, new.thumb, new.reasons, new.comment, new.aspects, new.thought_open)

    def judge_answer(self, reply_id: str, thumb: Thumb, thought_open: bool | None = None) -> Rating:
        """A thumb for the answer; marks and comment stay. `thought_open` None: as it was."""

        def change(now: Rating) -> Rating:
            opened = now.thought_open if thought_open is None else thought_open
            return replace(now.with_thumb(thumb), thought_open=opened)

        return self.change_rating(reply_id, "answer", change)

    def label_step(self, reply_id: str, verdict: StepVerdict, start: int = 0, end: int = 0) -> StepLabel:
        """The first wrong step of a thought, or that there is none."""
        label = self._judgements.label_step(reply_id, verdict, start, end, self.rater)
        self._tell(reply_id)
        return label

    def correct(self, reply_id: str, answer: str, reasoning: str | None = None) -> StoredReply:
        """Store a corrected reply as a sibling that is preferred to the original; `reasoning` None keeps its thought.

        Raises MessageError where nothing was changed, or nothing would be left.
        """
        stored = self._store.reply(reply_id)
        old = stored.reply
        thought = old.reasoning if reasoning is None else reasoning.strip()
        answer = answer.strip()
        if old.finish is None:
            raise MessageError(
                Both(
                    "This reply is still being written. Wait until it ends, or stop it; then correct it.",
                    "这个回复还在生成。请等它结束或先停止它，再来更正。",
                )
            )
        if not answer:
            raise MessageError(
                Both(
                    "The corrected answer is empty. Write what the right answer would have been.",
                    "更正后的回答是空的。请写出正确的回答应当是什么。",
                )
            )
        if (thought, answer) == (old.reasoning.strip(), old.answer.strip()):
            raise MessageError(
                Both(
                    "Nothing was changed, so there is nothing to learn from. Edit the text, then save it.",
                    "没有任何改动，也就没有可学的。请先修改文字，再保存。",
                )
            )
        provenance = replace(
            stored.provenance,
            origin="corrected",
            parent_id=reply_id,
            kept_reasoning=len(thought),
            kept_answer=len(answer),
            vote_id=None,
        )
        closed = bool(thought) or old.closed
        reply = Reply(thought, closed, answer, "stop", usage=Usage(context=old.usage.context))
        corrected = self._store.add_reply(stored.turn_id, provenance, reply)
        self._verify_quietly(stored.turn_id)
        self._tell(corrected.id)
        return corrected

    # -- two replies --------------------------------------------------------------------------------------------------

    def begin_comparison(self, first_id: str, second_id: str) -> Sides:
        """Begin a comparison of two existing replies; which one stands left is drawn by lot.

        Raises MessageError while one of them is being made.
        """
        if any(self._store.reply(side).reply.finish is None for side in (first_id, second_id)):
            raise MessageError(
                Both(
                    "One of the two replies is still being written. Wait until both are there.",
                    "两个回复中有一个还在生成。请等两个都完成。",
                )
            )
        left_id, right_id = random.sample((first_id, second_id), 2)
        sides = self._judgements.begin_comparison(left_id, right_id, blind=False)
        self._tell(first_id)
        return sides

    def compare(
        self,
        sides_id: str,
        winner: Winner,
        thoughts_seen: tuple[bool | None, bool | None] = (None, None),
        dwell: float | None = None,
        comment: str = "",
    ) -> Comparison:
        """Store the verdict of a comparison; the conversation continues from the winner unless messages follow already.

        Only whole replies (see `comparable`) can win, lose or tie; else the verdict is that both are bad, or it is
        skipped. Raises MessageError otherwise.
        """
        sides = self._judgements.sides(sides_id)
        reply_ids = sides.reply_ids
        replies = [self._store.reply(reply_id).reply for reply_id in reply_ids.values()]
        if winner != "skipped" and any(reply.finish is None for reply in replies):
            raise MessageError(
                Both(
                    "One of the two replies is still being written. Wait until both are there, then choose.",
                    "两个回复中有一个还在生成。请等两个都完成，再选择。",
                )
            )
        if winner in ("left", "right", "tie") and not all(map(comparable, replies)):
            raise MessageError(
                Both(
                    "One of the two replies is not whole. Say that both are bad, or don’t compare them.",
                    "两个回复中有一个不完整。请选“都不好”，或不比较它们。",
                )
            )
        comparison = self._judgements.compare(sides_id, winner, self.rater, thoughts_seen, dwell, comment)
        self._reopened.discard(sides_id)
        if winner in reply_ids:
            self._go_on_from(reply_ids[winner], sides.turn_id)
        elif (side := self._only_whole_side(sides)) is not None:
            self._go_on_from(side, sides.turn_id)
        if winner == "skipped":
            self._ranking.discard(sides.turn_id)
        elif sides.turn_id in self._ranking:
            self.rank(sides.turn_id)
        self._tell(sides.left_id)
        return comparison

    def reopen(self, sides_id: str) -> None:
        """Show a decided comparison again. Its verdict stays in force until there is another one."""
        sides = self._judgements.sides(sides_id)
        self._reopened.add(sides_id)
        self._tell(sides.left_id)

    def keep(self, sides_id: str) -> None:
        """Close a comparison that was shown again, without a new verdict."""
        sides = self._judgements.sides(sides_id)
        self._reopened.discard(sides_id)
        self._tell(sides.left_id)

    def rank(self, turn_id: str) -> Sides | None:
        """Begin the next comparison that is needed to rank the whole replies to a message.

        None when the order is complete; then the conversation continues from the best reply, unless messages follow
        already. The order so far is that of the comparisons in force; see `ranking`.
        """
        order = self.ranking(turn_id)
        if order.ask is None:
            self._ranking.discard(turn_id)
            if order.groups:
                self._go_on_from(order.groups[0][0], turn_id)
            self._chat.publish(self._store.turn(turn_id).conversation_id)
            return None
        self._ranking.add(turn_id)
        return self.begin_comparison(*order.ask)

    def ranking(self, turn_id: str) -> Ranking:
        """The order of the whole replies to a message, as far as the comparisons in force determine it."""
        judged = self.judged(self._store.turn(turn_id).conversation_id)
        return ranking_of(self._store.replies(turn_id), judged)

    def _go_on_from(self, reply_id: str, turn_id: str) -> None:
        """Show that reply, unless messages follow another one, which would no longer be shown."""
        turns = self._store.conversation(self._store.turn(turn_id).conversation_id).turns
        if turns[-1].id == turn_id:
            self._store.show_reply(reply_id)

    def _only_whole_side(self, sides: Sides) -> str | None:
        whole = [side for side in (sides.left_id, sides.right_id) if comparable(self._store.reply(side).reply)]
        return whole[0] if len(whole) == 1 else None

    def _go_on_from_the_whole_side(self, turn_id: str) -> None:
        """Where one side of an undecided comparison failed, continue the conversation from the other one."""
        with suppress(R1ChatError):  # the conversation was deleted meanwhile
            turn = self._store.turn(turn_id)
            sides = self.judged(turn.conversation_id).open_comparison(turn_id)
            if sides is None or turn.reply is None or turn.reply.id not in (sides.left_id, sides.right_id):
                return
            if (side := self._only_whole_side(sides)) is not None:
                self._go_on_from(side, turn_id)
                self._chat.publish(turn.conversation_id)

    # -- references ---------------------------------------------------------------------------------------------------

    def set_reference(self, turn_id: str, text: str, kind: Check | None = None) -> Reference:
        """Store the right answer to a message and check all replies to it. An empty text withdraws it.

        `kind` None: guessed from the text. Raises CheckError for a reference that nothing could match.
        """
        if text.strip():
            rule = RightAnswer.read(text) if kind is None else RightAnswer(text.strip(), kind)
            check(rule)
            text, kind = rule.text, rule.kind
        reference = self._judgements.set_reference(turn_id, text, kind or "text", self.rater)
        conversation_id = self._store.turn(turn_id).conversation_id
        self._chat.publish(conversation_id)  # to check may take seconds
        self.verify(turn_id)
        self._chat.publish(conversation_id)
        return reference

    def verify(self, turn_id: str) -> None:
        """Check every finished reply to a message that has not been checked. Raises CheckError.

        Tests are not run here, but where a person asks for it: `run_tests`.
        """
        reference = self._judgements.reference(turn_id)
        if reference is None or reference.kind == "tests":
            return
        known = self.judged(self._store.turn(turn_id).conversation_id).verifications
        for stored in self._store.replies(turn_id):
            if stored.id in known or stored.reply.finish is None:
                continue
            reward = accuracy(stored.reply.answer, RightAnswer(reference.text, reference.kind))
            self._judgements.add_verification(stored.id, reference.id, reward.value, stored.reply.answer, rules())

    def begin_tests(self, reply_id: str) -> None:
        """Run the tests in the background, as `run_tests` does; `Judged.testing` names the reply meanwhile.

        Raises CheckError and MessageError as `run_tests` does, before anything is run.
        """
        stored, _ = self._tested(reply_id)

        def work(stopped: Callable[[], bool]) -> None:
            try:
                self.run_tests(reply_id, stopped)
            except R1ChatError as error:  # the conversation was deleted, or other tests were given meanwhile
                log.info("tests were not run: %s", error)

        conversation_id = self._store.turn(stored.turn_id).conversation_id
        self._runs.begin(reply_id, work, lambda: self._chat.publish(conversation_id))
        self._chat.publish(conversation_id)

    def stop_tests(self, reply_id: str) -> None:
        """End what `begin_tests` began; there is no verdict then."""
        self._runs.stop(reply_id)
        self._tell(reply_id)

    def run_tests(self, reply_id: str, stopped: Callable[[], bool] = lambda: False) -> Reward:
        """Run the program in a reply against the tests of its message, confined as the system allows; keep the verdict.

        May take as long as the tests' time limits; no verdict is kept where it was `stopped`, took too long in all or
        could not be run. Raises CheckError where the message has no tests, and MessageError while the reply is being
        made.
        """
        stored, reference = self._tested(reply_id)
        try:
            reward = passes(stored.reply.answer, read_requirements(reference.text), stopped=stopped)
        except OSError as error:  # no memory, no process or no folder for it
            reward = Reward(None, *(_NOT_RUN.format(reason=error).pick(lang) for lang in ("en", "zh")))
        if reward.value is not None:
            self._judgements.add_verification(reply_id, reference.id, reward.value, stored.reply.answer, rules())
        self._outcomes[reply_id] = reference.id, stored.reply.answer, reward
        self._tell(reply_id)
        return reward

    def _tested(self, reply_id: str) -> tuple[StoredReply, Reference]:
        """A reply and the tests of its message. Raises CheckError and MessageError; see `run_tests`."""
        stored = self._store.reply(reply_id)
        reference = self._judgements.reference(stored.turn_id)
        if reference is None or reference.kind != "tests":
            raise CheckError(_NO_TESTS)
        if stored.reply.finish is None:
            raise MessageError(_STILL_WRITTEN)
        return stored, reference

    def close(self) -> None:
        """End the programs that are being tested."""
        self._runs.close()

    def outcome(self, reply_id: str, reference_id: str) -> Reward | None:
        """What running the tests of a reference said of a reply since r1chat was started; None where they were not."""
        tests, answer, reward = self._outcomes.get(reply_id, ("", "", None))
        return reward if tests == reference_id and self._store.reply(reply_id).reply.answer == answer else None

    def _verify_quietly(self, turn_id: str) -> None:
        try:
            if self._judgements.reference(turn_id) is not None:
                self.verify(turn_id)
                self._chat.publish(self._store.turn(turn_id).conversation_id)
        except CheckError as error:
            log.warning("a reply could not be checked: %s", error)
        except R1ChatError as error:  # the conversation was deleted meanwhile
            log.info("a reply was not checked: %s", error)

    # -- consent ------------------------------------------------------------------------------------------------------

    def set_consent(self, conversation_id: str | None, allowed: bool) -> None:
        """Whether a conversation may be exported; None: the default for those without a consent of their own."""
        self._judgements.set_consent(conversation_id, allowed, self.rater)
        if conversation_id is not None:
            self._chat.publish(conversation_id)

    def exclude(self, subject_id: str, excluded: bool, reason: str = "") -> None:
        """Exclude one judgement from exports, or include it again."""
        self._judgements.exclude(subject_id, excluded, reason, self.rater)

    def _tell(self, reply_id: str) -> None:
        self._chat.publish(self._store.turn(self._store.reply(reply_id).turn_id).conversation_id)


def ranking_of(replies: Sequence[StoredReply], judged: Judged) -> Ranking:
    """The order of the whole ones among all replies to one message; see `Teacher.ranking`."""
    known: dict[tuple[str, str], int] = {}
    comparisons = judged.comparisons_of(replies[0].turn_id) if replies else ()
    for comparison in comparisons:
        if comparison.winner != "skipped":
            verdict = {"left": 1, "right": -1}.get(comparison.winner, 0)
            known[comparison.sides.left_id, comparison.sides.right_id] = verdict
            known[comparison.sides.right_id, comparison.sides.left_id] = -verdict
    whole = [stored.id for stored in replies if comparable(stored.reply)]
    return ranked(whole, lambda first, second: known.get((first, second)))


def comparable(reply: Reply) -> bool:
    """Whether a reply is whole: the model, or a person, ended it, and it has an answer."""
    return reply.finish == "stop" and bool(reply.answer.strip())


_NO_TESTS = Both(
    "There are no tests to run. Give them under “Right answer…”, of the kind “tests”.",
    "没有可运行的测试。请在“正确答案…”中填写，类型选“测试”。",
)
_NOT_RUN = Both(
    "The program could not be run: {reason}. Close other programs and run the tests again.",
    "无法运行该程序：{reason}。请关闭其他程序，再运行测试。",
)
_STILL_WRITTEN = Both(
    "This reply is still being written. Wait until it ends, or stop it; then run the tests.",
    "这个回复还在生成。请等它结束或先停止它，再运行测试。",
)
