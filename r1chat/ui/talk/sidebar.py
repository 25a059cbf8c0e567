"""The list of conversations and the state of the models, as HTML. Pure: values and words in, Markup out."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from markupsafe import Markup

from r1chat.app import KEPT_AFTER_DELETION
from r1chat.conversations import ConversationInfo, ConversationPage
from r1chat.messages import ModelInfo, Progress
from r1chat.store.search_terms import hits
from r1chat.store.search_terms import words as query_words
from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import EMPTY, attributes, concat, joined
from r1chat.ui.html.plain import plain, with_drawn_formulas
from r1chat.ui.words.page import Words, spoken


def conversations(
    page: ConversationPage,
    current: str,
    words: Words,
    deleted: ConversationInfo | None = None,
    query: str = "",
) -> Markup:
    """A part of the list, newest first, grouped by day, with a button for the next part.

    `query`: the search that found it, "" for none; its words are marked. Offers to undo `deleted`.
    """
    parts = []
    if deleted is not None:
        parts.append(
            Markup('<div class="undo" role="status">{} <button{}>{}</button></div>').format(
                words.deleted.format(days=KEPT_AFTER_DELETION.days),
                attributes(data_verb="undo", data_id=deleted.id),
                words.undo,
            )
        )
    if not page.conversations and page.after is None:
        none = words.nothing_found if query else words.no_conversations
        parts.append(Markup('<div class="none">{}</div>').format(none))
    today = datetime.now().astimezone().date()

    heading = "" if page.after is None else _day(page.after, today, words)
    for info in page.conversations:
        day = _day(info.updated, today, words)
        if day != heading and not query:
            heading = day
            parts.append(Markup("<h2>{}</h2>").format(day))
        parts.append(row(info, current, words, query))
    if page.next:
        parts.append(_more(page, words))
    return concat(parts)


def _day(updated: datetime, today: date, words: Words) -> str:
    """The heading under which a conversation stands."""
    age = today - updated.astimezone().date()
    if age < timedelta(days=1):
        return words.today
    if age < timedelta(days=2):
        return words.yesterday
    return words.last_days if age <= timedelta(days=7) else words.earlier


def next_part(cursor: str) -> str:
    """The id of the element in which the part of the list after that cursor comes."""
    return f"list-after-{cursor.rpartition('/')[2]}"


def _more(page: ConversationPage, words: Words) -> Markup:
    """The place of the next part, with a button until it is there."""
    total = page.total
    label = words.more_found if total is None else words.more_conversations.format(total=f"{total:,}")
    button = Markup('<button class="more"{}>{}</button>').format(
        attributes(data_verb="more", data_text=page.next), label
    )
    return Markup("<div{}>{}</div>").format(attributes(id=next_part(page.next), class_="part"), button)


def row(info: ConversationInfo, current: str, words: Words, query: str = "") -> Markup:
    """A conversation in the list, with its buttons."""
    name, here = with_drawn_formulas(info.title) or words.untitled, info.id == current
    when = f"{info.updated.astimezone():%Y-%m-%d %H:%M}"
    buttons = [
        Markup("<button{}>{}</button>").format(
            attributes(
                data_verb="open", data_id=info.id, title=f"{name}\n{when}", aria_current="page" if here else None
            ),
            name,
        )
    ]
    for verb, picture, label in (("rename", "pencil", words.rename), ("delete", "trash", words.delete)):
        marks = attributes(data_verb=verb, data_id=info.id, title=label, aria_label=f"{label}: {name}")
        buttons.append(Markup('<button class="tool"{}>{}</button>').format(marks, icon(picture)))
    html = Markup('<div class="{}">{}</div>').format("row current" if here else "row", concat(buttons))
    if info.excerpt:
        html += Markup('<div class="excerpt">{}</div>').format(_marked(plain(info.excerpt), query))
    return html


def _marked(text: str, query: str) -> Markup:
    """A text in which the words of a query are marked."""
    parts, at = EMPTY, 0
    for start, end in hits(text, query_words(query)):
        parts += Markup("{}<mark>{}</mark>").format(text[at:start], text[start:end])
        at = end
    return parts + text[at:]


def palette_row(info: ConversationInfo, words: Words) -> Markup:
    """A conversation in the command palette."""
    marks = attributes(role="option", id=f"palette-{info.id}", data_open=info.id, aria_selected="false")
    when = f"{info.updated.astimezone():%Y-%m-%d %H:%M}"
    return Markup("<li{}><span>{}</span><small>{}</small></li>").format(
        marks, with_drawn_formulas(info.title) or words.untitled, when
    )


def nothing_in_palette(words: Words) -> Markup:
    """That no conversation is found, in the command palette; it cannot be chosen."""
    marks = attributes(role="option", aria_disabled="true", aria_selected="false")
    return Markup("<li{}><small>{}</small></li>").format(marks, words.nothing_found)


def model_state(model: ModelInfo | None, why: str, words: Words, expected: str = "") -> Markup:
    """The line beside the picker: a dot, and what the chosen model is doing; in its tip, what to expect of it."""
    if model is None or not model.ready:
        kind, text, title = "away", words.model_away, spoken(model.note, words) if model is not None else why
    else:
        window = words.model_window.format(context=f"{model.context:,}") if model.context else ""
        kind = "ready"
        text = words.model_ready if model.continues else words.model_ready_only
        title = joined(text, window, expected, "" if model.continues else words.cannot_steer)
    return Markup('<span id="model-line" title="{}"><span class="dot {}"></span>{}</span>').format(title, kind, text)


def where(host: str, account: str, available: bool, words: Words) -> Markup:
    """Where messages to the chosen model go. `host` and `account`: as `Catalogue` has them."""
    if not available:  # the line beside it says so
        return EMPTY
    if account:
        return Markup("{}").format(words.where_account.format(account=account))
    return Markup("{}").format(words.where_host.format(host=host) if host else words.where_here)


def loading(progress: Progress | None, words: Words) -> Markup:
    """What stands in that line while a reply is made: how far the model is loaded, then that it is ready."""
    if progress is None or progress.stage != "loading":
        return Markup('<span class="dot ready"></span>{}').format(words.model_ready)
    percent = 100 * progress.done // progress.total if progress.total else 0
    return Markup('<span class="dot loading"></span>{}').format(words.model_loading.format(percent=percent))
