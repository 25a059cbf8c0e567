"""Which judgements the page shows: from its address to a filter, and the form that a person sets it with. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from r1chat.errors import MessageError
from r1chat.export import Filter
from r1chat.store.entries import KINDS, Language
from r1chat.ui.html.markdown import plain
from r1chat.ui.words.page import Words

FIELDS = ("kind", "model", "language", "rater", "verified", "since", "until", "shortest", "longest")
LONGEST_VALUE = 300  # characters

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose among: keys of models, and raters."""

    models: Sequence[str] = ()
    raters: Sequence[str] = ()


def asked(query: Query) -> dict[str, str]:
    """Those of our fields that are filled in."""
    return {name: value for name in FIELDS if (value := query.get(name, "").strip()[:LONGEST_VALUE])}


def read(query: Query, words: Words) -> Filter:
    """The filter that a query asks for. Raises MessageError for a date or a length that is none."""
    said = asked(query)
    kind, language = said.get("kind"), said.get("language")
    until = _day(said.get("until", ""), words)
    return Filter(
        kinds=frozenset({kind}) if kind in KINDS else frozenset(),
        model=said.get("model", ""),
        language=cast(Language, language) if language in ("en", "zh") else "",
        since=_day(said.get("since", ""), words),
        until=until and _next_day(until),  # the day itself is meant too
        rater=said.get("rater", ""),
        verified={"right": True, "wrong": False}.get(said.get("verified", "")),
        shortest=_length(said.get("shortest", ""), words),
        longest=_length(said.get("longest", ""), words),
    )


def form(query: Query, choices: Choices, words: Words) -> str:
    """The form, filled in as the query says."""
    said = asked(query)
    kinds = [(kind, getattr(words, f"kind_{kind}")) for kind in KINDS]
    languages = [("en", words.filter_english), ("zh", words.filter_chinese)]
    verified = [("right", words.filter_right), ("wrong", words.filter_wrong)]
    fields = (
        _select("kind", words.filter_kind, kinds, said, words)
        + _select("model", words.filter_model, [(key, key) for key in choices.models], said, words)
        + _select("language", words.filter_language, languages, said, words)
        + _select("verified", words.filter_verified, verified, said, words)
        + _select("rater", words.filter_rater, [(rater, rater) for rater in choices.raters], said, words)
        + _input("since", words.filter_since, "date", said)
        + _input("until", words.filter_until, "date", said)
        + _input("shortest", words.filter_shortest, "number", said)
        + _input("longest", words.filter_longest, "number", said)
    )
    return (
        f'<form id="filter" aria-label="{plain(words.filter_title)}">{fields}'
        f'<button type="reset" data-verb="clear">{plain(words.filter_clear)}</button></form>'
    )


def option(value: str, label: str, chosen: bool) -> str:
    """One choice of a `select`."""
    return f'<option value="{plain(value)}"{" selected" if chosen else ""}>{plain(label)}</option>'


def _select(name: str, label: str, choices: Sequence[tuple[str, str]], said: Query, words: Words) -> str:
    now = said.get(name, "")
    if now and now not in [value for value, _ in choices]:
        choices = [*choices, (now, now)]
    options = "".join(option(value, text, value == now) for value, text in [("", words.filter_any), *choices])
    return f'<label>{plain(label)}<select name="{name}">{options}</select></label>'


def _input(name: str, label: str, kind: str, said: Query) -> str:
    least = ' min="0" inputmode="numeric"' if kind == "number" else ""
    value = plain(said.get(name, ""))
    return f'<label>{plain(label)}<input name="{name}" type="{kind}"{least} value="{value}"></label>'


def _day(text: str, words: Words) -> datetime | None:
    """Midnight of that day, where this machine is."""
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").astimezone()
    except (ValueError, OverflowError, OSError):
        raise MessageError(words.filter_bad_date.format(value=text)) from None


def _next_day(day: datetime) -> datetime:
    try:
        return (day.replace(tzinfo=None) + timedelta(days=1)).astimezone()  # not always 24 hours later
    except (OverflowError, ValueError, OSError):
        return day


def _length(text: str, words: Words) -> int | None:
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,9}", text):
        raise MessageError(words.filter_bad_length.format(value=text))
    return int(text)
