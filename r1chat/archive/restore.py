"""An archive into the store. A conversation that is there already stays as it is, the same or not."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from r1chat.archive.counts import ImportCounts
from r1chat.archive.faults import Fault
from r1chat.archive.lines import END, header_of, parse, row_of
from r1chat.archive.rules import ConversationRows, check_preset
from r1chat.both import Both
from r1chat.errors import StoreError
from r1chat.store.archive import JUDGEMENTS, Incoming, Row

RATERS = 8  # of a file that are told


class Restoration:
    """Takes the lines of one archive. Every method raises Fault for what is wrong with the line that it is given."""

    def __init__(self, target: Incoming, own_rater: str) -> None:
        self._target = target
        self._own_rater = own_rater
        self._raters: Counter[str] = Counter()  # new judgements; of the first `RATERS` raters
        self._schema = ""
        self._lines = 0
        self._hash = hashlib.sha256()
        self._ended = False
        self._conversations: set[str] = set()
        self._rows: ConversationRows | None = None  # of the conversation that the lines are about
        self._there: Iterator[tuple[str, Row]] | None = None  # what the store has of it already, as far as not compared
        self._same = True  # as far as compared
        self._added: Counter[str] = Counter()
        self._consent_for_all = False
        self._known = 0
        self._left_out: Counter[str] = Counter()

    def take(self, line: bytes) -> None:
        """The next line."""
        if self._ended:
            raise Fault(Both("something follows the last line of the archive", "存档的最后一行之后还有内容"))
        if not self._schema:
            self._schema = header_of(line)
        elif (values := parse(line)).get("row") == END:
            self._end(values)
        else:
            self._take_row(*row_of(values, self._schema))
        self._lines += 1
        self._hash.update(line)

    def done(self) -> ImportCounts:
        """What was taken in, now that there is no further line."""
        if not self._ended:
            cut = Both(
                "the file ends before its last line: a part of it is missing", "文件在最后一行之前结束：缺少一部分"
            )
            raise Fault(cut if self._lines else Both("it is empty", "它是空的"))
        judgements = sum(self._added[kind] for kind in JUDGEMENTS)
        return ImportCounts(
            "r1chat",
            self._added["conversation"],
            self._added["reply"],
            judgements,
            self._known,
            self._left_out,
            turns=self._added["turn"],
            presets=self._added["preset"],
            consent_for_all=self._consent_for_all,
            raters={} if self._own_rater in self._raters else dict(self._raters.most_common()),
        )

    def _take_row(self, kind: str, row: Row) -> None:
        if kind == "conversation":
            self._close()
            if row["id"] in self._conversations:
                raise Fault(Both("this conversation stands on a line before it already", "这个对话在之前的行中已出现"))
            self._conversations.add(row["id"])
            self._rows = ConversationRows()
            there = self._target.find(row["id"])
            self._there = None if there is None else iter(there)
            self._same = True
        elif kind == "preset":
            return self._take_preset(row)
        elif self._rows is None:
            if kind != "consent" or row["conversation_id"] is not None:
                raise Fault(Both("no conversation stands before it", "它之前没有对话"))
            return self._take_consent_for_all(row)
        self._rows.add(kind, row, self._lines + 1)
        if self._there is None:
            self._add(kind, row | {"parent_id": None} if kind == "reply" else row)
        else:
            self._same = self._same and next(self._there, None) == (kind, row)

    def _take_preset(self, row: Row) -> None:
        if self._rows is not None:
            raise Fault(Both("a preset stands before all conversations, or nowhere", "预设只能位于所有对话之前"))
        check_preset(row)
        added = self._target.add_preset(row)
        if added:
            self._added["preset"] += 1
        elif added is False:
            self._left_out["presets"] += 1

    def _take_consent_for_all(self, row: Row) -> None:
        """It comes back into an empty store; elsewhere it would speak for conversations that it never knew."""
        if self._target.was_empty:
            self._add("consent", row)
            self._consent_for_all = bool(row["allowed"])
        elif ("consent", row) not in self._target.consents_for_all:
            self._left_out["consents"] += 1

    def _add(self, kind: str, row: Row) -> None:
        try:
            self._target.add(kind, row)
        except StoreError as error:
            raise Fault(Both(error.text.en.rstrip("."), error.text.zh.rstrip(".。"))) from None
        self._added[kind] += 1
        rater = row["rater"] if kind in JUDGEMENTS else ""
        if rater and (rater in self._raters or rater == self._own_rater or len(self._raters) < RATERS):
            self._raters[rater] += 1

    def _close(self) -> None:
        """The conversation has no further line."""
        if self._rows is None:
            return
        self._rows.check_parents()
        if self._there is None:
            self._target.set_parents(self._rows.parents)
        elif self._same and next(self._there, None) is None:
            self._known += 1
        else:
            self._left_out["changed"] += 1

    def _end(self, values: dict[str, object]) -> None:
        self._close()
        if values != {"row": END, "lines": self._lines, "sha256": self._hash.hexdigest()}:
            raise Fault(
                Both(
                    "the archive was changed after it was written, or a part of it is missing",
                    "存档在写出后被修改过，或缺少一部分",
                )
            )
        self._ended = True
