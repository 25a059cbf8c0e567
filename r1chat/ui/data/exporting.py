"""The forms for export, archive and import, what they ask for, and what came of it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast
from urllib.parse import quote

from r1chat.archive import LEFT_OUT, Imported, Written
from r1chat.errors import MessageError
from r1chat.export import FORMATS, SUFFIXES, THOUGHTS, Format, Options, Summary
from r1chat.export.formats import FORMS
from r1chat.export.refusals import REASONS, Reason
from r1chat.ui.data import query
from r1chat.ui.data.jobs import State
from r1chat.ui.html.markdown import plain
from r1chat.ui.words.page import Words

MOST_FOR_TESTING = 90  # percent
_FLAGS = {"model": "--model", "language": "--language", "rater": "--rater", "since": "--since"}
_VERIFIED = {"right": "--verified", "wrong": "--not-verified"}
_SOURCES = {"comparison": "comparison", "correction": "correction", "rating": "thumbs"}
_NO_FLAG = {"shortest": "filter_shortest", "longest": "filter_longest"}

Said = Mapping[str, str]  # the fields of a form, and those of the filter


def form(words: Words) -> str:
    """What to export, and how. The filter of the rows goes with it."""
    formats = [(each, getattr(words, f"format_{each.replace('-', '_')}")) for each in FORMATS]
    thoughts = [("", words.thoughts_default)]
    thoughts += [(each, getattr(words, f"thoughts_{each.replace('-', '_')}")) for each in THOUGHTS]
    files = [(suffix, {".jsonl": "JSONL", ".parquet": "Parquet"}[suffix]) for suffix in SUFFIXES]
    return (
        f'<form id="export" data-verb="export">{_select("format", words.export_format, formats)}'
        f"{_select('thoughts', words.export_thoughts, thoughts)}{_select('suffix', words.export_file, files)}"
        f'<label>{plain(words.export_test)}<input name="test" type="number" min="0" max="{MOST_FOR_TESTING}" value="0">'
        '</label><label class="check"><input name="redact" type="checkbox" checked> '
        f"{plain(words.export_redact)}</label>"
        f'<p class="warn" id="unredacted" hidden>{plain(words.export_unredacted)}</p>'
        f'<p>{plain(words.export_filter)}</p><button class="primary">{plain(words.export_make)}</button></form>'
        f'<details id="command"><summary>{plain(words.export_same)}</summary><div></div></details>'
    )


def archive_form(words: Words) -> str:
    """Everything in one file."""
    return (
        f'<form data-verb="archive"><p>{plain(words.archive_hint)}</p><label class="check">'
        f'<input name="everything" type="checkbox"> {plain(words.archive_everything)}</label>'
        f"<button>{plain(words.archive_make)}</button></form>"
    )


def import_form(words: Words) -> str:
    """A file to take in."""
    return (
        f'<p>{plain(words.import_hint)}</p><label class="file">{plain(words.import_choose)}'
        '<input type="file" id="import" accept=".jsonl,.json,application/json"></label>'
    )


def read(said: Said, words: Words) -> tuple[Format, str, Options]:
    """Format, name of the file and options that a form asks for. Raises MessageError."""
    format = said.get("format", "")
    suffix, thoughts, test = said.get("suffix", ""), said.get("thoughts", ""), said.get("test", "") or "0"
    if format not in FORMATS or suffix not in SUFFIXES:
        format, suffix = FORMATS[0], SUFFIXES[0]
    if not test.isdecimal() or len(test) > 2 or int(test) > MOST_FOR_TESTING:
        raise MessageError(words.export_bad_test.format(value=test[:20]))
    options = Options(
        thoughts=thoughts if thoughts in THOUGHTS else None,
        test=int(test) / 100,
        filter=query.read(said, words),
        redact=said.get("redact") != "no",
    )
    return format, f"{format}{suffix}", options


def command(said: Said, words: Words) -> str:
    """The same export as a line for a terminal; where it has no flag for a part of the filter, that is said."""
    format, name, options = read(said, words)
    parts = ["r1chat", "export", format, "-o", name]
    if options.thoughts:
        parts += ["--thoughts", options.thoughts]
    if options.test:
        parts += ["--test", f"{options.test:g}"]
    asked = query.asked(said)
    for field, flag in _FLAGS.items():
        if field in asked:
            parts += [flag, asked[field]]
    if options.filter.until:
        parts += ["--until", f"{options.filter.until:%Y-%m-%d}"]
    if asked.get("kind") in _SOURCES and not FORMS[format].fixed:
        parts += ["--source", _SOURCES[asked["kind"]]]
    if asked.get("verified") in _VERIFIED:
        parts.append(_VERIFIED[asked["verified"]])
    if not options.redact:
        parts.append("--no-redact")
    missing = ", ".join(str(getattr(words, _NO_FLAG[field])) for field in _NO_FLAG if field in asked)
    note = f'<p class="warn">{plain(words.export_no_command.format(parts=missing))}</p>' if missing else ""
    return f"<code>{plain(shlex.join(parts))}</code>{note}"


def archive_name(now: datetime) -> str:
    """What an archive is called."""
    return f"r1chat-{now:%Y-%m-%d}.jsonl"


def status(state: State | None, words: Words) -> str:
    """How far a job is, or what came of it, with its files to take."""
    if state is None:
        return ""
    if not state.over:
        told = words.job_progress.format(done=f"{state.done:,}", total=f"{state.total:,}") if state.total else ""
        return (
            f'<p>{plain(words.job_running)} <span>{plain(told)}</span></p><progress max="{max(state.total, 1)}"'
            f"{f' value={chr(34)}{state.done}{chr(34)}' if state.total else ''}></progress>"
            f'<button data-verb="cancel">{plain(words.cancel)}</button>'
        )
    if state.cancelled:
        return f"<p>{plain(words.job_cancelled)}</p>"
    if state.error:
        return f'<p class="notice error">{plain(state.error)}</p>'
    return "".join(f"<p>{plain(line)}</p>" for line in _told(state.result, words)) + _files(state, words)


def _told(result: Summary | Written | Imported | None, words: Words) -> list[str]:
    lines = []
    if isinstance(result, Summary):
        lines.append(words.export_done.format(rows=f"{result.rows:,}", test=f"{result.test_rows:,}"))
        if result.refused:
            why = "; ".join(f"{count:,}× {_refusal(reason, words)}" for reason, count in result.refused.items())
            lines.append(words.export_refused.format(n=f"{sum(result.refused.values()):,}", why=why.rstrip(".。")))
        if result.redacted:
            lines.append(words.export_replaced.format(n=f"{sum(result.redacted.values()):,}"))
    elif isinstance(result, Written):
        lines.append(words.archive_done.format(**_counts(result)))
    elif isinstance(result, Imported):
        told = words.import_done.format(source=result.source, known=f"{result.known:,}", **_counts(result))
        lines.append(told)
        if result.left_out:
            what = ", ".join(f"{count:,} {LEFT_OUT.get(code, code)}" for code, count in result.left_out.items())
            lines.append(words.import_left_out.format(what=what))
    return lines


def _counts(result: Written | Imported) -> dict[str, str]:
    return {name: f"{getattr(result, name):,}" for name in ("conversations", "replies", "judgements")}


def _refusal(reason: str, words: Words) -> str:
    return REASONS[cast(Reason, reason)][words.lang == "zh"] if reason in REASONS else reason


def _files(state: State, words: Words) -> str:
    if not state.files:
        return ""
    links = "".join(
        f'<li><a href="../r1chat/data/file/{state.id}/{quote(name)}" download>{plain(name)}</a> '
        f"<small>{_size(size)}</small></li>"
        for name, size in state.files
    )
    return f'<ul class="files" aria-label="{plain(words.job_files)}">{links}</ul>'


def _size(count: int) -> str:
    return f"{count:,} B" if count < 1_000 else f"{count / 1_000:,.0f} kB" if count < 1e6 else f"{count / 1e6:,.1f} MB"


def _select(name: str, label: str, choices: Sequence[tuple[str, str]]) -> str:
    options = "".join(query.option(value, text, False) for value, text in choices)
    return f'<label>{plain(label)}<select name="{name}">{options}</select></label>'
