"""The data page as HTML: the document, its frame and its panels. Pure."""

from __future__ import annotations

from markupsafe import Markup

from r1chat.judgements import JudgementCounts
from r1chat.ui.data import exporting, query
from r1chat.ui.data.jobs import JobState
from r1chat.ui.data.query import Choices, Query
from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import EMPTY, attributes, concat
from r1chat.ui.judge.gathered import good_for
from r1chat.ui.words.page import Words


def document(words: Words) -> Markup:
    """The frame of the page, in which nothing private stands; its script fetches the rest."""
    return Markup(
        '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>r1chat: {title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<script src="../r1chat/scripts/settings/looks.js"></script>'
        '<link rel="stylesheet" href="../r1chat/page.css"><link rel="stylesheet" href="../r1chat/data.css">'
        '<script src="../r1chat/scripts/frame.js" type="module"></script></head>'
        '<body data-source="../r1chat/data/page" data-script="../r1chat/scripts/data/data.js"></body></html>'
    ).format(lang=words.lang, title=words.data_title)


def frame(params: Query, choices: Choices, consent: bool, job: JobState | None, words: Words) -> Markup:
    """What is on the page, but for what it asks for later: counters, rows, the league, what was judged twice."""
    panels = concat(
        (
            _panel("consent", words.consent_title, consent_form(consent, words), unfolded=True),
            _panel("exporting", words.exporting, exporting.form(words), unfolded=True),
            Markup('<div id="job" role="status">{}</div>').format(exporting.status(job, words, new_page=True)),
            _panel("archive", words.archive, exporting.archive_form(words)),
            _panel("importing", words.importing, exporting.import_form(words)),
            _panel("redaction", words.redaction, _redaction(words)),
            _panel("conflicts", words.conflicts, EMPTY),
            _panel("league", words.league, EMPTY, unfolded=True),
        )
    )
    return Markup(
        '<div id="data"><main class="data"><header class="head"><a href="../" id="back">{arrow}{back}</a>'
        '<h1>{title}</h1><div id="gathered"></div></header>'
        '<div id="trouble" role="alert"></div>'
        '<nav class="jumps" aria-label="{jumps}"><a href="#exporting">{exporting}</a> '
        '<a href="#consent">{consent}</a></nav>'
        '<div class="columns"><div class="panels">{panels}</div><section>'
        '<div class="over"><h2>{rows} <small id="count"></small></h2>'
        '<button type="button" data-verb="queue">{rate}</button></div>{filter}'
        '<div id="rows" aria-busy="true"><p>{loading}</p></div></section></div>'
        '<dialog id="unrated" aria-label="{rate}"><header><h2>{rate}</h2>'
        '<button type="button" class="close" data-verb="queue-close" aria-label="{close}">{cross}</button></header>'
        '<div class="card" aria-live="polite" tabindex="-1" autofocus></div></dialog>'
        '<template id="broken">{broken}</template></main></div>'
    ).format(
        arrow=icon("arrow-left"),
        back=words.data_back,
        title=words.data_title,
        panels=panels,
        rows=words.rows_title,
        filter=query.form(params, choices, words),
        loading=words.data_loading,
        broken=words.data_broken,
        jumps=words.data_jumps,
        exporting=words.exporting,
        consent=words.consent_title,
        rate=words.queue_title,
        close=words.close,
        cross=icon("x"),
    )


def counters(gathered: JudgementCounts, words: Words) -> Markup:
    """What was gathered, and what it is good for; what to do where that is nothing."""
    if not (gathered.pairs or gathered.ties or gathered.thumbs or gathered.steps or gathered.references):
        return Markup('<p class="none"><b>{}.</b> {}</p>').format(words.data_none, words.data_gather)
    return concat(Markup("<span>{}</span>").format(line) for line in good_for(gathered, words))


def consent_form(allowed: bool, words: Words) -> Markup:
    """The switch for all conversations, and what it means as it stands."""
    return Markup(
        '<label class="check"><input type="checkbox" role="switch" data-verb="consent" data-id=""{}> {}</label>'
        "<p>{}</p>"
    ).format(attributes(checked=allowed), words.consent_all, words.consent_on if allowed else words.consent_off)


def _redaction(words: Words) -> Markup:
    return Markup(
        '<p>{}</p><label class="check"><input type="checkbox" id="redacted"> {}</label>'
        '<button data-verb="preview">{}</button><div id="preview"></div>'
    ).format(words.redaction_hint, words.redaction_show, words.redaction_look)


def _panel(name: str, title: str, body: Markup, unfolded: bool = False) -> Markup:
    return Markup('<details class="panel" id="{}"{}><summary>{}</summary><div class="body">{}</div></details>').format(
        name, attributes(open=unfolded), title, body
    )
