"""The list of deleted conversations in the settings dialog, as HTML. Pure: values and words in, Markup out."""

from __future__ import annotations

from datetime import datetime

from markupsafe import Markup

from r1chat.app import KEPT_AFTER_DELETION
from r1chat.conversations import ConversationInfo, ConversationPage
from r1chat.ui.html.parts import EMPTY, attributes, concat
from r1chat.ui.html.plain import with_drawn_formulas
from r1chat.ui.words.page import Words

LISTED = 50  # conversations at once


def panel(page: ConversationPage, words: Words) -> Markup:
    """What it is, and the first part of the list."""
    return Markup('<p><small>{}</small></p><div id="deleted-list">{}</div>').format(
        words.deleted_note.format(days=KEPT_AFTER_DELETION.days), part(page, words)
    )


def part(page: ConversationPage, words: Words) -> Markup:
    """A part of the list, the latest deletion first, with a button for the next part."""
    if not page.conversations and page.after is None:
        return Markup("<p>{}</p>").format(words.nothing_deleted)
    return concat(_row(info, words) for info in page.conversations) + (_more(page, words) if page.next else EMPTY)


def next_part(cursor: str) -> str:
    """The id of the element in which the part of the list after that cursor comes."""
    return f"deleted-after-{cursor.rpartition('/')[2]}"


def _row(info: ConversationInfo, words: Words) -> Markup:
    name = with_drawn_formulas(info.title) or words.untitled
    deleted = info.deleted or info.updated
    when = words.erased_on.format(deleted=_day(deleted), erased=_day(deleted + KEPT_AFTER_DELETION))
    sure = words.erase_sure.format(title=name)
    buttons = concat(
        Markup("<button{}>{}</button>").format(
            attributes(
                type="button",
                class_="second",
                data_command=command,
                data_id=info.id,
                data_sure=question,
                aria_label=f"{word}: {name}",
            ),
            word,
        )
        for command, word, question in (
            ("restore-deleted", words.restore, None),
            ("erase-deleted", words.erase_now, sure),
        )
    )
    return Markup('<div class="setting"><div>{}<small>{}</small></div><div class="line">{}</div></div>').format(
        name, when, buttons
    )


def _day(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d}"


def _more(page: ConversationPage, words: Words) -> Markup:
    label = words.more_conversations.format(total=f"{page.total:,}")
    button = Markup("<button{}>{}</button>").format(
        attributes(type="button", class_="second", data_command="more-deleted", data_cursor=page.next), label
    )
    return Markup("<div{}>{}</div>").format(attributes(id=next_part(page.next)), button)
