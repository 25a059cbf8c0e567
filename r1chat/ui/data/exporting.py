"""The forms for export, archive and import, what they ask for, and what came of it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from r1chat.archive import ArchiveCounts, ImportCounts, told
from r1chat.errors import MessageError
from r1chat.export import FORMATS, SUFFIXES, THOUGHTS, Format, Options, Summary
from r1chat.export.formats import FORMS
from r1chat.export.run import kinds_of
from r1chat.sizes import readable_size
from r1chat.ui.data import query
from r1chat.ui.data.jobs import JobState
from r1chat.ui.data.rows import refusal
from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import EMPTY, attributes, concat, text_input
from r1chat.ui.words.page import Words

MOST_FOR_TESTING = 90  # percent
_FLAGS = {
    "model": "--model",
    "language": "--language",
    "rater": "--rater",
    "since": "--since",
    "shortest": "--shortest",
    "longest": "--longest",
    "text": "--text",
}
_VERIFIED = {"right": "--verified", "wrong": "--not-verified"}

_Fields = Mapping[str, str]  # those of a form, and those of the filter


def form(words: Words) -> Markup:
    """What to export, and how. The filter of the rows goes with it."""
    formats = [(name, str(getattr(words, f"format_{name.replace('-', '_')}"))) for name in FORMATS]
    thoughts = [("", words.thoughts_default)]
    thoughts += [(name, str(getattr(words, f"thoughts_{name.replace('-', '_')}"))) for name in THOUGHTS]
    files = [(suffix, {".jsonl": "JSONL", ".parquet": "Parquet"}[suffix]) for suffix in SUFFIXES]
    selects = (
        _select("format", words.export_format, formats)
        + _select("thoughts", words.export_thoughts, thoughts)
        + _select("suffix", words.export_file, files)
    )
    return Markup(
        '<form id="export" data-verb="export">{selects}'
        "<label>{test}{part}</label>"
        '<label class="check"><input type="checkbox" name="redact" checked> {redact}</label>'
        '<p class="warn" id="unredacted" hidden>{unredacted}</p>'
        '<p>{filter}</p><button class="primary">{make}</button></form>'
        '<details id="command"><summary>{same}</summary><div></div></details>'
    ).format(
        selects=selects,
        test=words.export_test,
        part=text_input(name="test", type="number", min=0, max=MOST_FOR_TESTING, value=0),
        redact=words.export_redact,
        unredacted=words.export_unredacted,
        filter=words.export_filter,
        make=words.export_make,
        same=words.export_same,
    )


def _select(name: str, label: str, choices: Sequence[tuple[str, str]]) -> Markup:
    inside = query.options(choices, choices[0][0])
    return Markup('<label>{}<select name="{}">{}</select></label>').format(label, name, inside)


def archive_form(words: Words) -> Markup:
    """Everything in one file."""
    return Markup(
        '<form data-verb="archive"><p>{}</p><label class="check"><input type="checkbox" name="everything"> {}</label>'
        "<button>{}</button></form>"
    ).format(words.archive_hint, words.archive_everything, words.archive_make)


def import_form(words: Words) -> Markup:
    """A file to take in."""
    return Markup(
        '<p>{}</p><label class="file">{}<input type="file" id="import" accept=".jsonl,.json,.zip"></label>'
    ).format(words.import_hint, words.import_choose)


def read(fields: _Fields) -> tuple[Format, str, Options]:
    """Format, name of the file and options that a form asks for. Raises MessageError."""
    format = fields.get("format", "")
    suffix, thoughts, test = fields.get("suffix", ""), fields.get("thoughts", ""), fields.get("test", "") or "0"
    if format not in FORMATS or suffix not in SUFFIXES:
        format, suffix = FORMATS[0], SUFFIXES[0]
    if not test.isdecimal() or len(test) > 2 or int(test) > MOST_FOR_TESTING:
        raise MessageError(Words.export_bad_test.format(value=test[:20]))
    options = Options(
        thoughts=thoughts if thoughts in THOUGHTS else None,
        test=int(test) / 100,
        filter=query.read(fields),
        redact=fields.get("redact") != "no",
    )
    return format, f"{format}{suffix}", options


def command(fields: _Fields, words: Words, data_dir: Path | None = None) -> Markup:
    """The same export as a line for a terminal, and a button that copies it.

    `data_dir`: the data folder, where it is not the usual one. Raises MessageError, and ExportError where the format is
    not made from the kind of judgement that the filter asks for.
    """
    format, file, options = read(fields)
    kinds = kinds_of(format, options)
    parts = ["r1chat", "export", format, "-o", file]
    if options.thoughts:
        parts += ["--thoughts", options.thoughts]
    if options.test:
        parts += ["--test", f"{options.test:g}"]
    filters = query.asked(fields)
    for name, flag in _FLAGS.items():
        if name in filters:
            value = filters[name]
            parts += [f"{flag}={value}"] if value.startswith("-") else [flag, value]
    if options.filter.until:
        parts += ["--until", f"{options.filter.until:%Y-%m-%d}"]
    if options.filter.kinds:
        for source in (source for source, kind in FORMS[format].kinds.items() if kind in kinds):
            parts += ["--source", source]
    if filters.get("verified") in _VERIFIED:
        parts.append(_VERIFIED[filters["verified"]])
    if not options.redact:
        parts.append("--no-redact")
    if data_dir is not None:
        parts += ["--data-dir", str(data_dir)]
    return Markup('<code>{}</code><button type="button" data-verb="copy"{}>{}</button>').format(
        shlex.join(parts), attributes(data_done=words.copied), words.copy_command
    )


def archive_name(now: datetime) -> str:
    """What an archive is called."""
    return f"r1chat-{now:%Y-%m-%d}.jsonl"


def status(state: JobState | None, words: Words, new_page: bool = False) -> Markup:
    """How far a job is, or what came of it, with its files to take.

    `new_page`: for a page that is just opened, which does not show a job that failed or was cancelled before.
    """
    if state is None or (new_page and (state.cancelled or state.error is not None)):
        return EMPTY
    if not state.over:
        done = words.job_progress.format(done=f"{state.done:,}", total=f"{state.total:,}") if state.total else ""
        bar = attributes(max=max(state.total, 1), value=state.done if state.total else None)
        return Markup('<p>{} <span>{}</span></p><progress{}></progress><button data-verb="cancel">{}</button>').format(
            words.job_running, done, bar, words.cancel
        )
    close = Markup('<button type="button" class="close" data-verb="dismiss" aria-label="{}">{}</button>').format(
        words.close, icon("x")
    )
    if state.cancelled:
        return close + Markup("<p>{}</p>").format(words.job_cancelled)
    if state.error is not None:
        return close + Markup('<p class="notice error">{}</p>').format(state.error.sentence(words.lang))
    lines = concat(Markup("<p>{}</p>").format(line) for line in _results(state.result, words))
    return close + lines + _files(state, words)


def _results(result: Summary | ArchiveCounts | ImportCounts | None, words: Words) -> list[str]:
    lines = []
    if isinstance(result, Summary):
        lines.append(words.export_done.format(rows=f"{result.rows:,}", test=f"{result.test_rows:,}"))
        if result.refused:
            why = "; ".join(f"{count:,}× {refusal(reason, words)}" for reason, count in result.refused.items())
            lines.append(words.export_refused.format(n=f"{sum(result.refused.values()):,}", why=why.rstrip(".。")))
        if result.redacted:
            lines.append(words.export_replaced.format(n=f"{sum(result.redacted.values()):,}"))
    elif isinstance(result, ArchiveCounts):
        lines.append(words.archive_done.format(**_counts(result)))
    elif isinstance(result, ImportCounts):
        lines += [line.pick(words.lang) for line in told(result, result.source)]
    return lines


def _counts(result: ArchiveCounts) -> dict[str, str]:
    return {name: f"{getattr(result, name):,}" for name in ("conversations", "replies", "judgements")}


def _files(state: JobState, words: Words) -> Markup:
    if not state.files:
        return EMPTY
    links = concat(
        Markup('<li><a href="../r1chat/data/file/{}/{}" download>{}</a> <small>{}</small></li>').format(
            state.id, quote(name), name, readable_size(size)
        )
        for name, size in state.files
    )
    return Markup('<ul class="files" aria-label="{}">{}</ul>').format(words.job_files, links)
