"""Every judgement as a person sees it on the data page: with its evidence, and whether it would be exported."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from r1chat.backends.catalogue import Catalogue
from r1chat.conversations import StoredReply
from r1chat.errors import ExportError
from r1chat.export.cases import Case, ExportStatus, cases, export_status
from r1chat.export.formats import FORMS, Refused, TrainingRow, suitable_thoughts
from r1chat.export.options import Format, Options
from r1chat.export.templates import Templates
from r1chat.export.texts import Texts
from r1chat.judgements import Comparison, Rating, Reference, StepLabel, Verification
from r1chat.languages import language_of
from r1chat.redact import Redactor, account_names
from r1chat.store import Store
from r1chat.store.dataset import DatasetView, JudgedReply, JudgementEntry
from r1chat.store.entries import Filter, JudgementKind


@dataclass(frozen=True, slots=True)
class JudgementRow:
    """One judgement in force with its evidence.

    `sides`: for a comparison left and right, for a correction the corrected reply and what it stands for, else the
    reply that was judged; for a reference all replies to the message. `judgement` is the corrected reply itself for a
    correction. `status` says whether an export takes it: "undecided" are ties, both bad and skipped, which make no
    pair; "other_format" is what the chosen format is not made from. `reason` is a code of
    `r1chat.export.refusals.REASONS` where it is refused, and the rater's own words where it is excluded.
    """

    kind: JudgementKind
    id: str  # what `Teacher.exclude` takes
    conversation_id: str
    conversation_title: str
    turn_id: str
    prompt: str  # the message that was answered
    created: datetime
    rater: str
    language: str  # of the message: "en", "zh", or "" where neither
    judgement: Comparison | StoredReply | Rating | StepLabel | Reference
    sides: tuple[StoredReply, ...]
    verified: tuple[Verification | None, ...]  # of each side
    status: ExportStatus
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows. `next` is what to give as `before` for the one after it; None: this is the last one."""

    rows: tuple[JudgementRow, ...]
    next: str | None


def rows(
    store: Store,
    filter: Filter = Filter(),  # noqa: B008  frozen
    before: str | None = None,
    limit: int = 50,
    format: Format | None = None,
    options: Options = Options(),  # noqa: B008  frozen
    catalogue: Catalogue | None = None,
) -> Page:
    """A page of judgements, newest first. `before`: see `Page.next`; one that makes no sense begins at the newest.

    With a `format`, `status` is that of an export in this format with these `options`, and its usual sources.
    """
    with store.dataset.snapshot() as snapshot:
        with closing(snapshot.entries(filter, before=_place(before))) as listed:
            entries = list(islice(listed, limit + 1))
        more, entries = len(entries) > limit, entries[:limit]
        turns = snapshot.judged_turns({entry.turn_id for entry in entries})
        cases_by_id = {case.id: case for turn in turns.values() for case in cases(turn)}
        page_cases = [cases_by_id[entry.id] for entry in entries]
        replies = snapshot.stored_replies({side.id for case in page_cases for side in case.sides})
        status = export_status if format is None else _Judge(format, options, catalogue, snapshot, filter).status
    return Page(
        tuple(_row(case, replies, *status(case)) for case in page_cases), _cursor(entries[-1]) if more else None
    )


class _Judge:
    """Whether a judgement becomes a row of one format: asks the format itself, for rows that nobody reads."""

    def __init__(
        self, format: Format, options: Options, catalogue: Catalogue | None, snapshot: DatasetView, filter: Filter
    ) -> None:
        self._form = FORMS[format]
        self._kinds = self._form.fixed or {self._form.kinds[source] for source in self._form.default}
        templates = Templates(catalogue, None)
        thoughts = options.thoughts if options.thoughts in self._form.thoughts else None
        selection = replace(filter, kinds=frozenset(self._kinds))
        thoughts = thoughts or suitable_thoughts(self._form, snapshot, selection, templates)
        self._texts = Texts(thoughts, templates, Redactor(account_names()) if options.redact else str)

    def status(self, case: Case) -> tuple[ExportStatus, str]:
        """As `export_status`, for this format."""
        status, reason = export_status(case)
        alone = status == "refused" and self._form.takes_alone(case.kind, reason)
        if status in ("excluded", "no_consent"):
            return status, reason
        if case.kind not in self._kinds:
            return "other_format", ""
        if status != "exported" and not alone:
            return status, reason
        try:
            outcomes = [*self._form.make(case, self._texts)]
        except ExportError:  # there is no template, or it takes no such messages
            return "refused", "no_template"
        if any(isinstance(row, TrainingRow) for row in outcomes):
            return "exported", ""
        refused = next((row.reason for row in outcomes if isinstance(row, Refused)), None)
        return ("refused", refused) if refused else ("other_format", "")


def count(store: Store, filter: Filter = Filter()) -> int:  # noqa: B008
    """How many rows all pages of a filter have together."""
    with store.dataset.snapshot() as snapshot:
        if filter.language:  # the database cannot tell
            return sum(1 for _ in snapshot.entries(filter))
        return snapshot.count(filter)


def _row(case: Case, replies: Mapping[str, StoredReply], status: ExportStatus, reason: str) -> JudgementRow:
    turn, judgement = case.turn, case.judgement
    return JudgementRow(
        kind=case.kind,
        id=case.id,
        conversation_id=turn.conversation_id,
        conversation_title=turn.title,
        turn_id=turn.id,
        prompt=turn.message,
        created=case.created,
        rater=case.rater,
        language=language_of(turn.message),
        judgement=replies[judgement.id] if isinstance(judgement, JudgedReply) else judgement,
        sides=tuple(replies[side.id] for side in case.sides),
        verified=tuple(turn.verified.get(side.id) for side in case.sides),
        status=status,
        reason=reason,
    )


def _cursor(entry: JudgementEntry) -> str:
    return f"{entry.created.astimezone(UTC).isoformat()} {entry.id}"


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    created, _, last = (cursor or "").partition(" ")
    try:
        at = datetime.fromisoformat(created)
    except ValueError:
        return None
    return (at, last) if at.tzinfo else None
