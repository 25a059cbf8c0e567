"""What an export counts while it runs, for its summary and its card."""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from datetime import datetime

from r1chat.export.cases import Case
from r1chat.export.formats import TrainingRow
from r1chat.judgements import Comparison
from r1chat.languages import language_of
from r1chat.store.dataset import JudgedTurn


class Lengths:
    """Lengths of many texts, in characters, in the order in which they came."""

    def __init__(self) -> None:
        self.counts = array("Q")

    def add(self, length: int) -> None:
        self.counts.append(length)

    def at(self, share: float) -> int:
        """The length that this share of the texts does not exceed; 0 where there are none."""
        ordered = sorted(self.counts)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0


class Statistics:
    """Counts of rows, of the votes that they were made from, and of what was refused."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()  # by split: train, test
        self.refused: Counter[str] = Counter()  # by reason
        self.sources: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()
        self.raters: Counter[str] = Counter()
        self.models: defaultdict[str, Counter[str]] = defaultdict(Counter)  # by key, of digests
        self.verdicts: Counter[str] = Counter()  # of comparisons: left, right, tie, both_bad, skipped
        self.labels: Counter[bool] = Counter()
        self.blind = 0  # of the comparisons that became rows
        self.longer_won = self.equally_long = self.pairs = 0
        self.prompts, self.thoughts, self.answers = Lengths(), Lengths(), Lengths()
        self.agreed: Counter[bool] = Counter()  # two raters on one comparison
        self.conversations: set[str] = set()
        self.first: datetime | None = None
        self.last: datetime | None = None

    def judged(self, turn: JudgedTurn) -> None:
        """Count all comparisons of a message, whether they become rows or not."""
        for comparison in turn.comparisons:
            self.verdicts[comparison.winner] += 1
        winners: defaultdict[str, Counter[str]] = defaultdict(Counter)  # by what was compared
        for comparison in turn.comparisons:
            winners[comparison.sides.id][comparison.winner] += 1
        for won in winners.values():
            left, right = won["left"], won["right"]
            self.agreed[True] += math.comb(left, 2) + math.comb(right, 2)
            self.agreed[False] += left * right

    def add(self, case: Case, row: TrainingRow, split: str) -> None:
        """Count a row that was written."""
        self.rows[split] += 1
        self.sources[row.values.get("source", case.kind)] += 1
        known = "language" in row.values
        self.languages[row.values["language"] if known else language_of(case.turn.message)] += 1
        self.raters[case.rater] += 1
        self.conversations.add(case.turn.conversation_id)
        self.prompts.add(len(case.turn.message))
        created = case.created
        self.first = min(self.first or created, created)
        self.last = max(self.last or created, created)
        self.blind += isinstance(case.judgement, Comparison) and case.judgement.sides.blind
        if "label" in row.values:
            self.labels[row.values["label"]] += 1
        for reply in row.replies:
            self.models[reply.model_key][reply.digest] += 1
            self.thoughts.add(len(reply.reasoning))
            self.answers.add(len(reply.answer))
        if len(row.replies) == 2:
            first, second = (len(reply.reasoning) + len(reply.answer) for reply in row.replies)
            self.pairs += 1
            self.longer_won += first > second
            self.equally_long += first == second
