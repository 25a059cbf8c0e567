"""Which judgements the page shows: from its address to a filter, and the form that a person sets it with. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from markupsafe import Markup

from r1chat.errors import MessageError
from r1chat.export import Filter
from r1chat.store.entries import KINDS, LanguageFilter
from r1chat.ui.html.parts import attributes, concat, text_input
from r1chat.ui.words.page import Words

FIELDS = ("text", "kind", "model", "language", "rater", "verified", "since", "until", "shortest", "longest")
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


def read(query: Query) -> Filter:
    """The filter that a query asks for. Raises MessageError for a date or a length that is none."""
    values = asked(query)
    kind, language = values.get("kind"), values.get("language")
    until = _day(values.get("until", ""))
    return Filter(
        kinds=frozenset({kind}) if kind in KINDS else frozenset(),
        model=values.get("model", ""),
        language=cast(LanguageFilter, language) if language in ("en", "zh") else "",
        since=_day(values.get("since", "")),
        until=until and _next_day(until),  # the day itself is meant too
        rater=values.get("rater", ""),
        verified={"right": True, "wrong": False}.get(values.get("verified", "")),
        shortest=_length(values.get("shortest", "")),
        longest=_length(values.get("longest", "")),
        text=values.get("text", ""),
    )


def form(query: Query, choices: Choices, words: Words) -> Markup:
    """The form, filled in as the query says."""
    values = asked(query)
    kinds = [(kind, str(getattr(words, f"kind_{kind}"))) for kind in KINDS]
    languages = [("en", words.filter_english), ("zh", words.filter_chinese)]
    verified = [("right", words.filter_right), ("wrong", words.filter_wrong)]
    first = _input("text", words.filter_text, "search", values) + _select(
        "kind", words.filter_kind, kinds, values, words
    )
    fields = (
        _select("model", words.filter_model, [(key, key) for key in choices.models], values, words)
        + _select("language", words.filter_language, languages, values, words)
        + _select("verified", words.filter_verified, verified, values, words)
        + _select("rater", words.filter_rater, [(rater, rater) for rater in choices.raters], values, words)
        + _input("since", words.filter_since, "date", values)
        + _input("until", words.filter_until, "date", values)
        + _input("shortest", words.filter_shortest, "number", values)
        + _input("longest", words.filter_longest, "number", values)
    )
    return Markup(
        '<form id="filter" role="search" aria-label="{}"><div class="first">{}</div>'
        '<details{}><summary>{}</summary><div class="rest">{}</div></details>'
        '<button type="reset" data-verb="clear" hidden>{}</button></form>'
    ).format(
        words.filter_title,
        first,
        attributes(open=bool(values.keys() - {"text", "kind"})),
        words.filter_more,
        fields,
        words.filter_clear,
    )


def options(choices: Sequence[tuple[str, str]], chosen: str = "") -> Markup:
    """The choices of a `select`, by value and label."""
    return concat(
        Markup("<option{}>{}</option>").format(attributes(value=value, selected=value == chosen), label)
        for value, label in choices
    )


def _select(name: str, label: str, choices: Sequence[tuple[str, str]], values: Query, words: Words) -> Markup:
    now = values.get(name, "")
    if now and now not in [value for value, _ in choices]:
        choices = [*choices, (now, now)]
    inside = options([("", words.filter_any), *choices], now)
    return Markup('<label>{}<select name="{}">{}</select></label>').format(label, name, inside)


def _input(name: str, label: str, kind: str, values: Query) -> Markup:
    number = kind == "number"
    box = text_input(
        name=name,
        type=kind,
        min="0" if number else None,
        inputmode="numeric" if number else None,
        value=values.get(name, ""),
    )
    return Markup("<label>{}{}</label>").format(label, box)


def _day(text: str) -> datetime | None:
    """Midnight of that day, where this machine is."""
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").astimezone()
    except (ValueError, OverflowError, OSError):
        raise MessageError(Words.filter_bad_date.format(value=text)) from None


def _next_day(day: datetime) -> datetime:
    try:
        return (day.replace(tzinfo=None) + timedelta(days=1)).astimezone()  # not always 24 hours later
    except (OverflowError, ValueError, OSError):
        return day


def _length(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,9}", text):
        raise MessageError(Words.filter_bad_length.format(value=text))
    return int(text)
