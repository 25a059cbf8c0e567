"""What the page shows of a conversation, of the list and of the models, as an answer to an act. Knows no Gradio."""

from __future__ import annotations

from r1chat.app import App
from r1chat.errors import R1ChatError
from r1chat.messages import ConversationInfo
from r1chat.steer import BUDGETS
from r1chat.ui.act import Answer, Block
from r1chat.ui.compare.acts import ask_menu
from r1chat.ui.talk import presence, sidebar, temporary
from r1chat.ui.words.page import Words

OWN_BUDGET = 1_000  # tokens; offered where a person begins to write a budget of their own


def show(app: App, conversation: str, words: Words, query: str = "", deleted: ConversationInfo | None = None) -> Answer:
    """The conversation with its steering, and the list. Raises NotFoundError."""
    answer: Answer = {
        "conversation": conversation,
        "blocks": [list_block(app, conversation, words, query, deleted)],
    }
    if conversation:
        info = app.store.info(conversation)
        known = info.budget is None or info.budget in BUDGETS.values()
        answer["steering"] = {
            "budget": "off" if info.budget is None else str(info.budget) if known else "own",
            "own": info.budget or OWN_BUDGET,
            "keep": info.keep_thoughts,
        }
    return answer


def list_block(
    app: App, conversation: str, words: Words, query: str = "", deleted: ConversationInfo | None = None
) -> Block:
    """The list of conversations; with a query, of those that hold it."""
    query = query.strip()
    store = app.main.store
    page = store.search_page(query) if query else store.page()
    html = sidebar.conversations(page, conversation, words, deleted, found=bool(query))
    if not query:
        html = temporary.part(app.main.temporary_conversations(), conversation, words) + html
    return {"id": "list", "html": html}


def next_list_block(app: App, conversation: str, words: Words, query: str, cursor: str) -> Block:
    """The part of the list after a cursor. Raises StoreError for one that was made up."""
    query = query.strip()
    store = app.main.store
    page = store.search_page(query, cursor=cursor) if query else store.page(cursor=cursor)
    html = sidebar.conversations(page, conversation, words, found=bool(query))
    return {"id": sidebar.next_part(cursor), "html": html}


def model_blocks(app: App, key: str, words: Words) -> list[Block]:
    """The state of the chosen model, and what it can be compared with."""
    now = presence.look(app, key, words)
    menu = ask_menu(app.catalogue.models(), key, app.settings.temperature, words)
    return [
        {"id": "model-place", "html": presence.state_html(now, words)},
        {"id": "where", "html": presence.where_html(now, words)},
        {"id": "compare-place", "html": menu},
    ]


def backends_block(app: App, words: Words) -> Block:
    """Every backend with its models."""
    statuses = app.catalogue.statuses()
    return {"id": "backends-place", "html": sidebar.backends(statuses, str(app.settings.models_folder), words)}


def model_choices(app: App, key: str, words: Words) -> list[tuple[str, str]]:
    """Labels and keys of the models to choose from; the one that is chosen stands among them even where it is gone."""
    models = [model for status in app.catalogue.statuses() for model in status.models]
    choices = [(sidebar.model_label(model, words), model.key) for model in models]
    return choices if not key or key in [known for _, known in choices] else [*choices, (f"⚠ {key}", key)]


def model_key(app: App, key: str) -> str:
    """The model to show: the one of the conversation, else the one of the settings, else the best there is."""
    if key:
        return key
    try:
        return app.catalogue.default(app.settings.model, app.settings.backend or "").key
    except R1ChatError:
        return ""
