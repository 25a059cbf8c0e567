"""What the settings dialog does: defaults of new conversations, and servers. Knows no Gradio and no SQL."""

from __future__ import annotations

import os
from typing import get_args

from markupsafe import escape

from r1chat.app import App
from r1chat.chat import checked_system
from r1chat.config import Titles
from r1chat.errors import MessageError
from r1chat.messages import LONGEST_NAME
from r1chat.ui.act import Act, Actions, PageUpdate
from r1chat.ui.settings.deleted import LISTED, next_part, part
from r1chat.ui.settings.dialog import SettingsValues, dialog
from r1chat.ui.words.page import Words

LONGEST_ADDRESS = 200  # characters: with the name of a model behind it, it is the key of that model
LONGEST_KEY = 2_000  # characters, of a server


def show_settings(app: App, act: Act) -> PageUpdate:
    """The dialog, with what is set."""
    return {"blocks": [{"id": "settings", "html": dialog(_values(app), act.words)}]}


def set_default(app: App, act: Act) -> PageUpdate | None:
    """Set the model or the system prompt of new conversations, or who names them; the text is a JSON object."""
    fields = act.fields
    if "model" in fields:
        app.main.change(model=fields.text("model")[:LONGEST_NAME])
    if fields.text("titles") in get_args(Titles):
        app.main.change(titles=fields.text("titles"))
    if "system" in fields:
        app.main.change(system=checked_system(fields.text("system")))
    if act.conversation:
        return None
    default = app.chat.default_behaviour
    return {"behaviour": {"system": default.system, "system_role": False, "sampling": {}, "preset": ""}}


def add_server(app: App, act: Act) -> PageUpdate:
    """Add a server: `url` and `key` in a JSON object."""
    fields = act.fields
    url, key = fields.text("url"), fields.text("key")
    if not url.strip() or len(url) > LONGEST_ADDRESS or len(key) > LONGEST_KEY:
        raise MessageError(Words.bad_address)
    app.main.add_server(url, key)
    return show_settings(app, act)


def remove_server(app: App, act: Act) -> PageUpdate:
    """Remove a server, and its key with it."""
    app.main.remove_server(act.subject)
    return show_settings(app, act)


def test_server(app: App, act: Act) -> PageUpdate:
    """Whether a server answers, and with how many models."""
    server = app.servers.find(act.subject)
    status = next(status for status in app.catalogue.statuses(fresh=True, patience=None) if status.name == server.name)
    if status.failure is not None:
        sentence = status.failure.sentence(act.lang)
    else:
        sentence = act.words.server_ok.format(n=len(status.models))
    return {"blocks": [{"id": f"told-{server.id}", "html": escape(sentence)}]}


def show_deleted(app: App, act: Act) -> PageUpdate:
    """The first part of what was deleted, or the one after the cursor in the text. Raises StoreError."""
    page = app.main.store.deleted(LISTED, act.text)
    return {"blocks": [{"id": next_part(act.text) if act.text else "deleted-list", "html": part(page, act.words)}]}


def _values(app: App) -> SettingsValues:
    settings = app.settings
    environment = {name.removeprefix("R1CHAT_").lower() for name in os.environ if name.startswith("R1CHAT_")}
    models = [(model.key, model.title or model.name) for model in app.catalogue.models() if model.ready]
    return SettingsValues(
        model=settings.model,
        models=models,
        system=app.chat.default_behaviour.system,
        titles=settings.titles,
        fixed=[name for name in ("model", "system", "titles") if name in environment],
        servers=app.servers.all(),
        base_url=settings.base_url,
        data_dir=str(settings.data_dir),
        models_dir=str(settings.models_folder),
        database=app.store.database_state().place,
        deleted=app.main.store.deleted(LISTED),
    )


ACTIONS: Actions = {
    "settings": show_settings,
    "deleted": show_deleted,
    "set-default": set_default,
    "add-server": add_server,
    "remove-server": remove_server,
    "test-server": test_server,
}
