"""What the page shows of a conversation, of the list and of the models, as an answer to an act. Knows no Gradio."""

from __future__ import annotations

from r1chat.app import App
from r1chat.conversations import ConversationInfo
from r1chat.messages import LONGEST_NAME
from r1chat.ui.act import ElementUpdate, PageUpdate
from r1chat.ui.composer.blocks import thinking_block
from r1chat.ui.composer.choice import choice_of
from r1chat.ui.html.parts import concat
from r1chat.ui.talk import availability, sidebar, temporary
from r1chat.ui.words.page import Words

PALETTE = 8  # conversations that the command palette offers at once


def show(
    app: App,
    conversation: str,
    model: str,
    words: Words,
    query: str = "",
    deleted: ConversationInfo | None = None,
) -> PageUpdate:
    """The conversation with what is chosen for its next message, and the list. Raises NotFoundError.

    The empty page is an ordinary one, also after a look at a temporary conversation.
    """
    app = app if conversation else app.main
    choice = choice_of(app, conversation, model)
    return {
        "conversation": conversation,
        "temporary": app.is_temporary,
        "steering": choice.steering,
        "behaviour": choice.behaving,
        "blocks": [
            list_block(app, conversation, words, query, deleted),
            thinking_block(app, model, choice, words),
        ],
    }


def list_block(
    app: App, conversation: str, words: Words, query: str = "", deleted: ConversationInfo | None = None
) -> ElementUpdate:
    """The list of conversations; with a query, of those that hold it."""
    query = query.strip()
    store = app.main.store
    page = store.search_page(query) if query else store.page()
    html = sidebar.conversations(page, conversation, words, deleted, query)
    if not query:
        html = temporary.part(app.main.temporary_conversations(), conversation, words) + html
    return {"id": "list", "html": html}


def next_list_block(app: App, conversation: str, words: Words, query: str, cursor: str) -> ElementUpdate:
    """The part of the list after a cursor. Raises StoreError for one that was made up."""
    query = query.strip()
    store = app.main.store
    page = store.search_page(query, cursor=cursor) if query else store.page(cursor=cursor)
    html = sidebar.conversations(page, conversation, words, query=query)
    return {"id": sidebar.next_part(cursor), "html": html}


def palette_block(app: App, words: Words, query: str) -> ElementUpdate:
    """The conversations that the command palette offers: those that hold the query, or the newest ones."""
    store = app.main.store
    query = query.strip()[:LONGEST_NAME]
    infos = store.search(query, PALETTE) if query else store.conversations(limit=PALETTE)
    rows = [sidebar.palette_row(info, words) for info in infos] or [sidebar.nothing_in_palette(words)]
    return {"id": "palette-found", "html": concat(rows)}


def model_blocks(app: App, key: str, words: Words) -> list[ElementUpdate]:
    """The state of the chosen model, and where messages to it go."""
    now = availability.look(app, key, words)
    return [
        {"id": "state-place", "html": availability.state_html(now, words)},
        {"id": "where", "html": availability.where_html(now, words)},
    ]
