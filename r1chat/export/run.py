"""One export from the store to its files, all or none of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO

from r1chat.backends.catalogue import Catalogue
from r1chat.errors import ExportError
from r1chat.export.card import card
from r1chat.export.columns import columns
from r1chat.export.formats import FORMS, Form, Refused, Row
from r1chat.export.options import SUFFIXES, Format, Options, Summary, Thoughts
from r1chat.export.refusals import REASONS
from r1chat.export.split import test_conversations
from r1chat.export.standing import Case, cases, standing
from r1chat.export.tally import Tally
from r1chat.export.templates import Templates
from r1chat.export.texts import Texts
from r1chat.export.writers import Writer, writer
from r1chat.files import replacing_together
from r1chat.redact import Redactor, account_names
from r1chat.store import Store
from r1chat.store.dataset import JudgedTurn, Snapshot
from r1chat.store.entries import KINDS, Filter, Kind

Progress = Callable[[int, int], None]


def export(
    store: Store,
    catalogue: Catalogue | None,
    format: Format,
    path: Path,
    options: Options = Options(),  # noqa: B008  frozen
    progress: Progress | None = None,
) -> Summary:
    """Write what was judged, and may be exported, as rows that a trainer takes; a card and a report lie beside them.

    `path` ends in .jsonl or .parquet; files that are there are replaced. `catalogue` tells where a model's chat
    template is; None: only R1's own and `options.template` are known. `progress` is called with the judgements that
    are done and their total, and may raise to break it off. Raises ExportError, and StoreError: then no file was
    written or replaced.
    """
    form = FORMS[format]
    _check(format, form, path, options)
    judged = _kinds(form, options)
    wanted = replace(options.filter, kinds=judged)
    templates = Templates(catalogue, options.template)
    with store.dataset.snapshot() as snapshot:
        total = _total(snapshot, format, wanted)
        thoughts = options.thoughts or _suitable(form, snapshot, wanted, templates)
        apart = test_conversations(snapshot, wanted, options.test) if options.test else frozenset()
        files = _files(path, with_test=bool(apart))
        redactor = Redactor(account_names())
        texts = Texts(thoughts, templates, redactor if options.redact else str)
        with replacing_together(files) as streams:
            data = {
                name: writer(path, stream, columns(format, thoughts))
                for name, stream in zip(("train", "test") if apart else ("train",), streams, strict=False)
            }
            job = _Job(form, judged, texts, data, apart, streams[-1])
            done = 0
            for turns in snapshot.turns(replace(wanted, kinds=judged | form.also)):
                for turn in turns:
                    job.take(turn)
                done += sum(len(turn.wanted) for turn in turns)
                if progress:
                    progress(done, max(done, total))
            tally = job.close()
            summary = Summary(
                format,
                thoughts,
                tally.rows["train"],
                tally.rows["test"],
                dict(sorted(tally.refused.items())),
                {kind: count for kind, count in sorted(redactor.counts.items()) if count},
                files,
            )
            streams[-2].write(card(summary, tally, options).encode())
    return summary


class _Job:
    """Turns judged messages into rows and lines of the report, one by one."""

    def __init__(
        self,
        form: Form,
        judged: frozenset[Kind],
        texts: Texts,
        data: dict[str, Writer],
        apart: frozenset[str],
        report: IO[bytes],
    ) -> None:
        self._form = form
        self._judged = judged
        self._texts = texts
        self._data = data
        self._apart = apart
        self._report = report
        self._tally = Tally()

    def take(self, turn: JudgedTurn) -> None:
        """All that was said of the replies to one message."""
        self._tally.judged(turn)
        split = "test" if turn.conversation_id in self._apart else "train"
        seen: set[str] = set()  # replies that are a row already, where a row is one reply
        for case in cases(turn):
            if case.kind not in self._judged:
                continue
            stands, reason = standing(case)
            if stands != "exported" and not (stands == "refused" and case.kind in self._form.alone):
                self._refuse(case, reason if stands == "refused" else stands, said=reason)
                continue
            for made in self._form.make(case, self._texts):
                if isinstance(made, Refused):
                    self._refuse(case, made.reason, made.reply.id if made.reply else "")
                elif not (self._form.alone and self._repeats(made, seen)):
                    self._data[split].write(made.values)
                    self._tally.add(case, made, split)

    def close(self) -> Tally:
        """Write what is left. Raises ExportError where nothing became a row."""
        for each in self._data.values():
            each.close()
        if not self._tally.rows:
            raise ExportError(
                "There is nothing to export: everything that was judged was left out "
                f"({listed(self._tally.refused)}). The data page says of each why, and what to do."
            )
        return self._tally

    def _repeats(self, row: Row, seen: set[str]) -> bool:
        key = row.replies[0].id
        known = key in seen
        seen.add(key)
        return known

    def _refuse(self, case: Case, code: str, reply: str = "", said: str = "") -> None:
        why = {"undecided": "Nobody won.", "excluded": self._texts.clean(said)}.get(code)
        line = {
            "kind": case.kind,
            "id": case.id,
            "conversation": case.turn.conversation_id,
            "message": case.turn.id,
            "reply": reply,
            "reason": code,
            "why": REASONS[code][0] if why is None else why,  # type: ignore[index]  # a code of it
        }
        self._report.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
        self._tally.refused[code] += 1


def listed(counts: dict[str, int]) -> str:
    """Counts by code, for a person: “3 truncated, 1 leaked identity”."""
    return ", ".join(f"{count:,} {code.replace('_', ' ')}" for code, count in sorted(counts.items()))


def _check(format: Format, form: Form, path: Path, options: Options) -> None:
    """Raises ExportError for what was asked for and cannot be."""
    if path.suffix.lower() not in SUFFIXES:
        raise ExportError(f"{path.name} says no format: let the name end in {' or '.join(SUFFIXES)}.")
    if not 0 <= options.test < 1:
        raise ExportError(f"A test share of {options.test:g} makes no sense. Give one from 0 to below 1, such as 0.1.")
    if options.thoughts and options.thoughts not in form.thoughts:
        takes = " or ".join(sorted(form.thoughts))
        raise ExportError(f"The format {format} cannot have thoughts “{options.thoughts}”. Choose {takes}.")
    if unknown := (options.sources or frozenset()) - set(form.kinds):
        takes = f"takes {', '.join(form.kinds)}" if form.kinds else "has one source of its own; leave --source out"
        raise ExportError(f"The format {format} cannot be made from {', '.join(sorted(unknown))}. It {takes}.")


def _kinds(form: Form, options: Options) -> frozenset[Kind]:
    kinds = form.fixed or {form.kinds[source] for source in options.sources or form.default}
    kept = frozenset(kinds) & (options.filter.kinds or frozenset(KINDS))
    if not kept:
        raise ExportError(
            f"There is nothing to export: the filter leaves out what this format is made from ({', '.join(kinds)}). "
            "Choose another format, or widen the filter."
        )
    return kept


def _total(snapshot: Snapshot, format: Format, wanted: Filter) -> int:
    """How many judgements there are, at most. Raises ExportError, with the reason, where there are none."""
    judgements = snapshot.count(wanted, consented_only=True)
    if judgements and not (wanted.language and not any(snapshot.entries(wanted, consented_only=True))):
        return judgements
    there = sum(1 for _ in snapshot.entries(wanted))
    if there:
        raise ExportError(
            f"There is nothing to export: {there:,} judgement{'s' * (there > 1)} would do, but the conversations may "
            "not be exported. Allow it with `r1chat consent --all`, or on the page for each conversation."
        )
    what = {
        "comparison": "comparisons",
        "correction": "corrections",
        "rating": "thumbs",
        "reference": "right answers",
        "step": "wrong steps",
    }
    kinds = " or ".join(what[kind] for kind in KINDS if kind in wanted.kinds)
    raise ExportError(
        f"There is nothing to export: {format} is made from {kinds}, and there are none that match. Judge some replies "
        "on the page first, or widen the filter."
    )


def _suitable(form: Form, snapshot: Snapshot, wanted: Filter, templates: Templates) -> Thoughts:
    """Rendered text where all models are prompted as R1 is, since R1's template drops the thoughts of messages."""
    if "rendered" not in form.thoughts:
        return "full"
    if all(map(templates.like_r1, snapshot.all_models())):  # quick to find out, and most often so
        return "rendered"
    return "rendered" if all(map(templates.like_r1, snapshot.models(wanted))) else "full"


def set_apart(path: Path) -> Path:
    """Where the rows go that are set apart from those in `path`."""
    return path.with_name(f"{path.stem}.test{path.suffix}")


def _files(path: Path, with_test: bool) -> tuple[Path, ...]:
    """Data, test if there is one, card, report."""
    test = (set_apart(path),) if with_test else ()
    return path, *test, path.with_suffix(".md"), path.with_name(f"{path.stem}.refused.jsonl")
