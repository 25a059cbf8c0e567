"""The entries of a file of another program, each told by its form and given to `merge`.

Chats that are several entries are put together first. What is no chat is counted; a file that has none at all is
refused.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from r1chat.archive.counts import ImportCounts
from r1chat.archive.faults import ADVICE, NO_CHAT, Fault
from r1chat.archive.json_values import LONGEST_VALUE, JsonValue
from r1chat.archive.merge import Adoption
from r1chat.archive.programs import Entry, Form, LineForm, form_of, unwrapped
from r1chat.both import Both
from r1chat.store.archive import Incoming

_FOREIGN = Both(
    "more than {n:,} entries are no chat of a program that r1chat knows",
    "超过 {n:,} 个条目不属于 r1chat 认识的任何程序的对话",
)
MOST_FOREIGN = 20_000  # entries that are no chat, of all files together: an export has few beside its chats


@dataclass(slots=True)
class _Pieces:
    """The entries of one chat so far, and where the first of them stands."""

    where: Both
    entries: list[Entry] = field(default_factory=list)


class Entries:
    """Takes the entries of a file, or of all files of a zip."""

    def __init__(self, target: Incoming) -> None:
        self._adoption = Adoption(target)
        self._pieces: defaultdict[LineForm, dict[str, _Pieces]] = defaultdict(dict)
        self._pending = 0  # characters of the pieces
        self._foreign = 0  # entries of this file that are no chat
        self._foreign_before = 0  # of the files before it
        self._recognised = False  # whether this file has a chat
        self._first_fault: tuple[Fault, Both] | None = None

    def take(self, value: JsonValue, where: Both) -> None:
        """The next value of a file. Raises Fault for pieces of chats that are too large, and for too many entries that
        are no chat.
        """
        for entry in unwrapped(value.value):
            form = form_of(entry)
            if form is None:
                self._foreign += 1
                if self._foreign_before + self._foreign > MOST_FOREIGN:
                    raise Fault(_FOREIGN.format(n=MOST_FOREIGN), ADVICE)
                self._note(Fault(NO_CHAT, ADVICE), where)
                continue
            self._recognised = True
            if isinstance(form, Form):
                self._adopt(form, entry, where)
            else:
                self._collect(form, entry, value.size, where)
        if isinstance(value.value, list):  # a chat of its own, in a list or a file of several
            self._flush_all(scattered=False)

    def end_file(self, alone: bool) -> None:
        """A file has no further entry. One of a zip that has no chat, so not `alone`, counts as a file. Raises Fault
        for one alone that has no entry at all.
        """
        if alone and not self._recognised and not self._foreign:
            raise Fault(Both("it is a list with nothing in it", "它是一个空列表"))
        self._flush_all(scattered=False)
        if self._recognised or alone:
            for _ in range(self._foreign):
                self._adoption.leave_out("foreign")
        else:
            self._adoption.left_out["other_files"] += 1
        self._foreign_before += self._foreign
        self._foreign, self._recognised = 0, False

    def leave_out_file(self) -> None:
        """A file of a zip is of no kind that holds chats."""
        self._adoption.left_out["other_files"] += 1

    def done(self) -> ImportCounts:
        """What came in. Raises Fault where there was no chat at all; its `where` says of which entry it tells."""
        self._flush_all(scattered=True)
        if not self._adoption.came and self._first_fault is not None:
            fault, where = self._first_fault
            raise FaultAt(fault, where)
        return self._adoption.done()

    def _collect(self, form: LineForm, entry: Entry, size: int, where: Both) -> None:
        if form.begins(entry):
            self._flush(form)
        pieces = self._pieces[form]
        chat_id = form.chat_id(entry) or next(reversed(pieces), "")
        pieces.setdefault(chat_id, _Pieces(where)).entries.append(entry)
        self._pending += size
        if self._pending > LONGEST_VALUE:
            clause = Both("its chats are longer than {n:,} characters together", "其中的对话合计超过 {n:,} 个字符")
            raise Fault(clause.format(n=LONGEST_VALUE))

    def _flush_all(self, scattered: bool) -> None:
        """Take the chats whose entries are all there; those of a `scattered` form only if asked to."""
        for form in self._pieces:
            if scattered or not form.scattered:
                self._flush(form)

    def _flush(self, form: LineForm) -> None:
        for pieces in self._pieces[form].values():
            self._adopt(form, pieces.entries, pieces.where)
        self._pieces[form].clear()
        if not any(self._pieces.values()):
            self._pending = 0

    def _adopt(self, form: Form | LineForm, entry: Any, where: Both) -> None:
        try:
            self._adoption.take(form.program, form.read(entry))
        except Fault as fault:
            self._note(fault, where)
            self._adoption.leave_out("circular")

    def _note(self, fault: Fault, where: Both) -> None:
        self._first_fault = self._first_fault or (fault, where)


class FaultAt(Fault):
    """A fault of an entry that was read before; `where` is its place."""

    def __init__(self, fault: Fault, where: Both) -> None:
        super().__init__(fault.clause, fault.advice)
        self.where = where
