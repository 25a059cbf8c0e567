"""The parts of the composer that change with the model and with what is chosen, as blocks of an `Answer`."""

from __future__ import annotations

from r1chat.app import App
from r1chat.errors import R1ChatError
from r1chat.ui.act import ElementUpdate
from r1chat.ui.compare.acts import ask_menu
from r1chat.ui.composer.choice import Choice, model_info
from r1chat.ui.composer.menus import model_menu, thinking_menu
from r1chat.ui.words.page import Words

PAGE_WAIT = 4.0  # seconds that the page waits for its first model; then it opens without one, and gets it later


def model_key(app: App, key: str) -> str:
    """The model to show: the one of the conversation, else the one of the settings, else the best there is."""
    if key:
        return key
    try:
        return app.catalogue.default(app.settings.model, app.settings.backend or "", PAGE_WAIT).key
    except R1ChatError:
        return ""


def composer_blocks(app: App, key: str, choice: Choice, words: Words) -> list[ElementUpdate]:
    """Both menus, and what two replies can be asked for."""
    statuses = app.catalogue.statuses()
    models = [model for status in statuses for model in status.models]
    return [
        {"id": "model-place", "html": model_menu(statuses, key, words)},
        thinking_block(app, key, choice, words),
        {
            "id": "compare-place",
            "html": ask_menu(models, key, app.settings.temperature, app.main.store.presets.all(), words),
        },
    ]


def thinking_block(app: App, key: str, choice: Choice, words: Words) -> ElementUpdate:
    """The menu of thinking alone."""
    return {"id": "thinking-place", "html": thinking_menu(model_info(app, key), choice, words)}
