"""The frame of the data page and its panels, as HTML. Pure."""

from __future__ import annotations

from r1chat.judgements import Gathered
from r1chat.ui.data import exporting, query
from r1chat.ui.data.jobs import State
from r1chat.ui.data.query import Choices, Query
from r1chat.ui.html.markdown import plain
from r1chat.ui.judge.gathered import good_for
from r1chat.ui.words.page import Words


def frame(asked: Query, choices: Choices, consent: bool, job: State | None, words: Words) -> str:
    """The whole page, but for what it asks for later: counters, rows, the league, what was judged twice."""
    panels = (
        _panel("consent", words.consent_title, consent_form(consent, words), unfolded=True)
        + _panel("exporting", words.exporting, exporting.form(words), unfolded=True)
        + f'<div id="job" role="status">{exporting.status(job, words)}</div>'
        + _panel("archive", words.archive, exporting.archive_form(words))
        + _panel("importing", words.importing, exporting.import_form(words))
        + _panel("redaction", words.redaction, _redaction(words))
        + _panel("conflicts", words.conflicts, "")
        + _panel("league", words.league, "", unfolded=True)
    )
    return (
        f'<header class="head" data-lang="{words.lang}"><a href="../" id="back">{plain(words.data_back)}</a>'
        f'<h1>{plain(words.data_title)}</h1><div id="gathered"></div></header>'
        '<div id="trouble" role="alert"></div>'
        f'<div class="columns"><div class="panels">{panels}</div><section>'
        f'<h2>{plain(words.rows_title)} <small id="count"></small></h2>{query.form(asked, choices, words)}'
        f'<div id="rows" aria-busy="true"><p>{plain(words.data_loading)}</p></div></section></div>'
        f'<template id="broken">{plain(words.data_broken)}</template>'
    )


def counters(gathered: Gathered, words: Words) -> str:
    """What was gathered, and what it is good for; what to do where that is nothing."""
    if not (gathered.pairs or gathered.ties or gathered.thumbs or gathered.steps or gathered.references):
        return f'<p class="none"><b>{plain(words.data_none)}.</b> {plain(words.data_gather)}</p>'
    return "".join(f"<span>{plain(line)}</span>" for line in good_for(gathered, words))


def consent_form(allowed: bool, words: Words) -> str:
    """The switch for all conversations, and what it means as it stands."""
    told = words.consent_on if allowed else words.consent_off
    return (
        f'<label class="check"><input type="checkbox" role="switch" data-verb="consent" data-id=""'
        f"{' checked' if allowed else ''}> {plain(words.consent_all)}</label><p>{plain(told)}</p>"
    )


def _redaction(words: Words) -> str:
    return (
        f'<p>{plain(words.redaction_hint)}</p><label class="check"><input type="checkbox" id="redacted"> '
        f'{plain(words.redaction_show)}</label><button data-verb="preview">{plain(words.redaction_look)}</button>'
        '<div id="preview"></div>'
    )


def _panel(name: str, title: str, body: str, unfolded: bool = False) -> str:
    return (
        f'<details class="panel" id="{name}"{" open" if unfolded else ""}><summary>{plain(title)}</summary>'
        f'<div class="body">{body}</div></details>'
    )
