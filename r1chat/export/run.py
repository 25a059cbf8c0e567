"""One export from the store to its files, all or none of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from r1chat.backends.catalogue import Catalogue
from r1chat.both import Both
from r1chat.errors import ExportError, NothingToExportError
from r1chat.export.card import card, is_card
from r1chat.export.cases import Case, cases, export_status
from r1chat.export.columns import columns
from r1chat.export.formats import FORMS, FormatSpec, Refused, TrainingRow, suitable_thoughts
from r1chat.export.options import SUFFIXES, Format, Options, Summary
from r1chat.export.refusals import REASONS
from r1chat.export.split import test_conversations
from r1chat.export.statistics import Statistics
from r1chat.export.templates import NoTemplateError, Templates
from r1chat.export.texts import Texts
from r1chat.export.writers import Writer, writer
from r1chat.files import plain, replacing_together
from r1chat.redact import Redactor, account_names
from r1chat.store import Store
from r1chat.store.dataset import DatasetView, JudgedTurn
from r1chat.store.entries import KINDS, Filter, JudgementKind

_OnProgress = Callable[[int, int], None]
_HEAD = 1 << 14  # bytes by which a file is known

_JUDGEMENTS: Mapping[JudgementKind, Both] = {
    "comparison": Both("comparisons", "比较"),
    "correction": Both("corrections", "更正"),
    "rating": Both("thumbs", "赞或踩"),
    "reference": Both("right answers", "参考答案"),
    "step": Both("wrong steps", "错误步骤"),
}


def export(
    store: Store,
    catalogue: Catalogue | None,
    format: Format,
    path: Path,
    options: Options = Options(),  # noqa: B008  frozen
    progress: _OnProgress | None = None,
) -> Summary:
    """Write what was judged, and may be exported, as rows that a trainer takes; a card and a report lie beside them.

    `path` ends in .jsonl or .parquet. It is replaced where it is there; those beside it are only where an export wrote
    them. `catalogue` tells where a model's chat
    template is; None: only R1's own and `options.template` are known. `progress` is called with the judgements that
    are done and their total, and may raise to break it off. Raises ExportError, and StoreError: then no file was
    written or replaced.
    """
    form = FORMS[format]
    _check(format, form, path, options)
    judged = kinds_of(format, options)
    selection = replace(options.filter, kinds=judged)
    templates = Templates(catalogue, options.template)
    with store.dataset.snapshot(options.local) as snapshot:
        total = _total(snapshot, format, selection)
        thoughts = options.thoughts or suitable_thoughts(form, snapshot, selection, templates)
        clean = Redactor(account_names()) if options.redact else str
        apart = test_conversations(snapshot, selection, options.test, clean) if options.test else frozenset()
        files = _files(path, with_test=bool(apart))
        _check_beside(files)
        redactor = Redactor(account_names())
        texts = Texts(thoughts, templates, redactor if options.redact else str)
        with replacing_together(files) as streams:
            data = {
                name: writer(path, stream, columns(format, thoughts))
                for name, stream in zip(("train", "test") if apart else ("train",), streams, strict=False)
            }
            job = _Job(form, judged, texts, data, apart, streams[-1], options.local)
            done = 0
            for turns in snapshot.turns(replace(selection, kinds=judged), evidence=form.evidence):
                for turn in turns:
                    job.take(turn)
                done += sum(len(turn.wanted) for turn in turns)
                if progress:
                    progress(done, max(done, total))
            statistics = job.close()
            summary = Summary(
                format,
                thoughts,
                statistics.rows["train"],
                statistics.rows["test"],
                dict(sorted(statistics.refused.items())),
                {kind: count for kind, count in sorted(redactor.counts.items()) if count},
                files,
            )
            streams[-2].write(card(summary, statistics, options, texts.clean).encode())
    return summary


class _Job:
    """Turns judged messages into rows of the data and lines of the report."""

    def __init__(
        self,
        form: FormatSpec,
        judged: frozenset[JudgementKind],
        texts: Texts,
        data: dict[str, Writer],
        apart: frozenset[str],
        report: IO[bytes],
        lenient: bool,
    ) -> None:
        """`lenient`: leave out what has no chat template, in place of ending with its error."""
        self._form = form
        self._judged = judged
        self._texts = texts
        self._data = data
        self._apart = apart
        self._report = report
        self._lenient = lenient
        self._statistics = Statistics()

    def take(self, turn: JudgedTurn) -> None:
        """Export the judgements of one message."""
        self._statistics.judged(turn)
        split = "test" if turn.conversation_id in self._apart else "train"
        seen: set[Hashable] = set()  # replies, with their labels, that are a row already
        for case in cases(turn):
            if case.kind not in self._judged:
                continue
            status, reason = export_status(case)
            alone = status == "refused" and self._form.takes_alone(case.kind, reason)
            if status != "exported" and not alone:
                self._refuse(case, reason if status == "refused" else status, words=reason)
                continue
            try:
                rows = list(self._form.make(case, self._texts))
            except NoTemplateError:
                if not self._lenient:
                    raise
                self._refuse(case, "no_template")
                continue
            for row in rows:
                if isinstance(row, Refused):
                    self._refuse(case, row.reason, row.reply.id if row.reply else "")
                elif not self._repeats(case, row, seen):
                    self._data[split].write(row.values)
                    self._statistics.add(case, row, split)

    def close(self) -> Statistics:
        """Write what is left. Raises ExportError where nothing became a row."""
        for file in self._data.values():
            file.close()
        if not self._statistics.rows:
            sentence = Both(
                "There is nothing to export: everything that was judged was left out ({what}). The data page says of "
                "each why, and what to do.",
                "没有可导出的内容：所有评价都被排除（{what}）。数据页会说明每一条的原因和处理办法。",
            )
            raise ExportError(sentence.format(what=listed(self._statistics.refused)))
        return self._statistics

    def _repeats(self, case: Case, row: TrainingRow, seen: set[Hashable]) -> bool:
        """A reply is taught once, whichever of the sources say so. What several people say of it is a row each."""
        if len(row.replies) != 1:
            return False
        key = row.replies[0].id, row.values.get("label")
        known = key in seen and (bool(self._form.alone) or case.kind == "reference")
        seen.add(key)
        return known

    def _refuse(self, case: Case, code: str, reply: str = "", words: str = "") -> None:
        why = {"undecided": "Nobody won.", "excluded": self._texts.clean(words)}.get(code)
        line = {
            "kind": case.kind,
            "id": case.id,
            "conversation": case.turn.conversation_id,
            "message": case.turn.id,
            "reply": reply,
            "reason": code,
            "why": REASONS[code].en if why is None else why,  # type: ignore[index]  # a code of it
        }
        self._report.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
        self._statistics.refused[code] += 1


def listed(counts: dict[str, int]) -> str:
    """Counts by code in words: “3 truncated, 1 leaked identity”."""
    return ", ".join(f"{count:,} {code.replace('_', ' ')}" for code, count in sorted(counts.items()))


def _either(choices: Sequence[str]) -> Both:
    """“a or b or c”."""
    return Both(" or ".join(choices), " 或 ".join(choices))


def _check(format: Format, form: FormatSpec, path: Path, options: Options) -> None:
    """Raises ExportError for options that contradict the format."""
    if path.suffix.lower() not in SUFFIXES:
        sentence = Both(
            "{name} says no format: let the name end in {suffixes}.",
            "{name} 没有说明格式：文件名请以 {suffixes} 结尾。",
        )
        raise ExportError(sentence.format(name=path.name, suffixes=_either(SUFFIXES)))
    if not 0 <= options.test < 1:
        sentence = Both(
            "A test share of {share:g} makes no sense. Give one from 0 to below 1, such as 0.1.",
            "测试比例 {share:g} 没有意义。请给出 0 到 1 之间的数，例如 0.1。",
        )
        raise ExportError(sentence.format(share=options.test))
    if options.thoughts and options.thoughts not in form.thoughts:
        sentence = Both(
            "The format {format} cannot have thoughts “{thoughts}”. Choose {choices}.",
            "格式 {format} 不支持思考方式“{thoughts}”。请选择 {choices}。",
        )
        choices = _either(sorted(form.thoughts))
        raise ExportError(sentence.format(format=format, thoughts=options.thoughts, choices=choices))
    if unknown := (options.sources or frozenset()) - set(form.kinds):
        takes = Both("It takes {sources}.", "它只接受 {sources}。").format(sources=", ".join(form.kinds))
        alone = Both("It has one source of its own; leave --source out.", "它只有一个固定来源，请去掉 --source。")
        sentence = Both(
            "The format {format} cannot be made from {sources}. {advice}",
            "格式 {format} 不能由 {sources} 生成。{advice}",
        )
        raise ExportError(
            sentence.format(format=format, sources=", ".join(sorted(unknown)), advice=takes if form.kinds else alone)
        )


def kinds_of(format: Format, options: Options) -> frozenset[JudgementKind]:
    """The kinds of judgement that an export reads. Raises ExportError where its filter leaves none of them."""
    form = FORMS[format]
    kinds = form.fixed or {form.kinds[source] for source in options.sources or form.default}
    remaining = frozenset(kinds) & (options.filter.kinds or frozenset(KINDS))
    if not remaining:
        sentence = Both(
            "There is nothing to export: the filter leaves out what this format is made from ({kinds}). Choose another "
            "format, or widen the filter.",
            "没有可导出的内容：筛选排除了这种格式所需的内容（{kinds}）。请选择其他格式，或放宽筛选。",
        )
        raise ExportError(sentence.format(kinds=", ".join(kinds)))
    return remaining


def _total(snapshot: DatasetView, format: Format, selection: Filter) -> int:
    """The number of judgements, at most. Raises ExportError, with the reason, where there are none."""
    judgements = snapshot.count(selection, consented_only=True)
    if judgements and not (selection.language and not any(snapshot.entries(selection, consented_only=True))):
        return judgements
    without_consent = sum(1 for _ in snapshot.entries(selection))
    if without_consent:
        sentence = Both(
            "There is nothing to export: {n:,} judgement{s} would do, but the conversations may not be exported. Allow "
            "it with `r1chat consent --all`, or on the page for each conversation.",
            "没有可导出的内容：有 {n:,} 条评价符合要求，但对话未获导出许可。请用 `r1chat consent --all` 允许，"
            "或在页面上逐个允许。",
        )
        raise ExportError(sentence.format(n=without_consent, s="s" * (without_consent > 1)))
    names = [_JUDGEMENTS[kind] for kind in KINDS if kind in selection.kinds]
    kinds = Both(" or ".join(name.en for name in names), "或".join(name.zh for name in names))
    sentence = Both(
        "There is nothing to export: {format} is made from {kinds}, and there are none that match. Judge some replies "
        "on the page first, or widen the filter.",
        "没有可导出的内容：{format} 由{kinds}生成，而没有符合条件的。请先在页面上评价一些回复，或放宽筛选。",
    )
    raise NothingToExportError(sentence.format(format=format, kinds=kinds))


def set_apart(path: Path) -> Path:
    """Where the rows go that are set apart from those in `path`."""
    return path.with_name(f"{path.stem}.test{path.suffix}")


def _files(path: Path, with_test: bool) -> tuple[Path, ...]:
    """Data, test if there is one, card, report."""
    test = (set_apart(path),) if with_test else ()
    return path, *test, path.with_suffix(".md"), path.with_name(f"{path.stem}.refused.jsonl")


def _check_beside(files: tuple[Path, ...]) -> None:
    """Raises ExportError where a file beside the data is there that no export wrote: nobody named it."""
    path, *test, card_file, report = files
    card_head = _head(card_file)
    own_card = is_card(card_head or "")  # then the test set beside it is an export's, too
    others = [card_file] if card_head is not None and not own_card else []
    others += [file for file in test if _head(file) and not own_card]
    others += [report] if not _is_report(_head(report)) else []
    if others:
        sentence = Both(
            "{other} is there and no export of r1chat wrote it, so nothing was written: an export to {path} would "
            "replace it. Move it away, or choose another name.",
            "{other} 已存在，且不是 r1chat 导出的，因此没有写入任何内容：导出到 {path} 会替换它。"
            "请移走它，或另选名称。",
        )
        raise ExportError(sentence.format(other=others[0], path=path))


def _head(file: Path) -> str | None:
    """The first characters of a file; None where there is none."""
    try:
        with plain(file, follow=True) as stream:
            return stream.read(_HEAD).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError:
        return "?"  # a pipe or the like


def _is_report(head: str | None) -> bool:
    """Whether a text is the beginning of a report, which may be empty."""
    return not head or (head.startswith('{"kind": ') and '"conversation": ' in head)
