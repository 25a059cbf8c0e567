"""The settings dialog as HTML. Pure: values and words in, Markup out.

Looks (theme, size of text, folding) are the browser's own and kept there; what is kept in the data
folder goes over acts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from markupsafe import Markup

from r1chat.conversations import ConversationPage
from r1chat.loopback import is_this_computer
from r1chat.servers import Server
from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import EMPTY, attributes, concat, joined, text_area, text_input
from r1chat.ui.settings import deleted
from r1chat.ui.words.page import Words


@dataclass(frozen=True, slots=True)
class SettingsValues:
    """What the dialog shows of the settings that are kept in the data folder."""

    model: str  # the key or name of the default model; "": the best there is
    models: Sequence[tuple[str, str]]  # keys and names
    system: str
    titles: str  # whose models name conversations
    fixed: Sequence[str]  # settings that flags or the environment set
    servers: Sequence[Server]
    base_url: str  # of the server that was given at the start
    data_dir: str
    models_dir: str
    database: str
    deleted: ConversationPage  # the first part of what was deleted


def dialog(values: SettingsValues, words: Words) -> Markup:
    """The inside of the dialog: a list of tabs, and a panel for each."""
    panels = (
        ("general", words.general, _general(words)),
        ("thoughts", words.settings_thoughts, _thoughts(words)),
        ("models", words.settings_models, _models(values, words)),
        ("servers", words.servers, _servers(values, words)),
        ("data", words.settings_data, _data(values, words)),
        ("deleted", words.settings_deleted, deleted.panel(values.deleted, words)),
        ("keys", words.shortcuts, _shortcuts(words)),
    )
    tabs = concat(
        Markup("<button{}>{}</button>").format(
            attributes(
                type="button",
                role="tab",
                id=f"tab-{name}",
                aria_controls=f"panel-{name}",
                aria_selected="true" if number == 0 else "false",
                tabindex=0 if number == 0 else -1,
            ),
            title,
        )
        for number, (name, title, _) in enumerate(panels)
    )
    insides = concat(
        Markup("<div{}><h3>{}</h3>{}</div>").format(
            attributes(
                role="tabpanel", id=f"panel-{name}", aria_labelledby=f"tab-{name}", tabindex=0, hidden=number > 0
            ),
            title,
            inside,
        )
        for number, (name, title, inside) in enumerate(panels)
    )
    close = Markup("<button{}>{}</button>").format(
        attributes(type="button", class_="square", data_command="close", aria_label=words.close, title=words.close),
        icon("x"),
    )
    return Markup(
        '<div class="tabs"><h2 id="settings-title">{}</h2><div role="tablist" aria-orientation="vertical"{}>'
        "{}</div></div>"
        '<div class="panels">{}{}</div>'
    ).format(words.settings, attributes(aria_label=words.settings), tabs, close, insides)


def _row(title: str, control: Markup, note: str = "") -> Markup:
    small = Markup("<small>{}</small>").format(note) if note else EMPTY
    return Markup('<div class="setting"><div>{}{}</div>{}</div>').format(title, small, control)


def _choice(name: str, title: str, options: Sequence[tuple[str, str]], note: str = "", checked: str = "") -> Markup:
    """A row with options of which one is chosen; the script marks which, where the browser keeps it."""
    buttons = concat(
        Markup('<label><input type="radio"{}><span>{}</span></label>').format(
            attributes(name=name, value=value, checked=value == checked), text
        )
        for value, text in options
    )
    group = Markup('<div class="segments" role="radiogroup"{}>{}</div>').format(attributes(aria_label=title), buttons)
    return _row(title, group, note)


def _general(words: Words) -> Markup:
    themes = (("system", words.theme_system), ("light", words.theme_light), ("dark", words.theme_dark))
    sizes = (("small", words.size_small), ("normal", words.size_normal), ("large", words.size_large))
    return concat(
        (
            _choice("language", words.language, (("en", "English"), ("zh", "中文")), checked=words.lang),
            _choice("theme", words.theme, themes),
            _choice("size", words.text_size, sizes),
            _choice("notify", words.notify, (("off", words.notify_off), ("on", words.notify_on)), words.notify_note),
        )
    )


def _thoughts(words: Words) -> Markup:
    folds = (("open", words.fold_open), ("end", words.fold_end), ("keep", words.fold_keep))
    return _choice("fold", words.thoughts, folds, words.fold_note)


def _models(values: SettingsValues, words: Words) -> Markup:
    known = [("", words.best_model), *values.models]
    if values.model not in [key for key, _ in known]:
        known.append((values.model, values.model))
    options = concat(
        Markup("<option{}>{}</option>").format(attributes(value=key, selected=key == values.model), name)
        for key, name in known
    )
    fixed = "model" in values.fixed
    select = Markup("<select{}>{}</select>").format(
        attributes(aria_label=words.default_model, data_setting="model", disabled=fixed), options
    )
    fixed_system = "system" in values.fixed
    system = text_area(
        values.system,
        rows=4,
        aria_label=words.default_system,
        data_setting="system",
        placeholder=words.system_placeholder,
        disabled=fixed_system,
    )
    titles = (("off", words.titles_off), ("local", words.titles_local), ("all", words.titles_all))
    note = words.set_elsewhere if "titles" in values.fixed else words.titles_note
    save = Markup('<button type="button" class="second" data-command="save-system">{}</button>').format(words.save)
    return concat(
        (
            _row(words.default_model, select, words.set_elsewhere if fixed else ""),
            Markup('<div class="setting tall"><div>{}<small>{}</small></div>{}{}</div>').format(
                words.default_system,
                words.set_elsewhere if fixed_system else words.default_system_note,
                system,
                EMPTY if fixed_system else save,
            ),
            _choice("titles", words.titles, titles, note, values.titles),
            Markup('<p><a href="models/">{}</a></p>').format(words.all_models),
        )
    )


def _servers(values: SettingsValues, words: Words) -> Markup:
    rows = [server_row(server.id, server.url, bool(server.key), words) for server in values.servers]
    if values.base_url:
        rows.insert(0, _row(values.base_url, EMPTY, words.server_fixed))
    form = Markup(
        '<form class="adding"><label><span>{address}</span>{url}</label>'
        "<label><span>{key_word}</span>{key}</label>"
        '<button type="submit" class="first">{add}</button></form>'
    ).format(
        address=words.server_address,
        url=text_input(type="text", inputmode="url", name="url", placeholder="http://127.0.0.1:8080/v1"),
        key_word=words.server_key,
        key=text_input(type="password", name="key"),
        add=words.add_server,
    )
    return Markup("<p><small>{}</small></p>{}{}").format(words.servers_note, concat(rows), form)


def server_row(server_id: str, url: str, has_key: bool, words: Words) -> Markup:
    """A server that was added on the page. The key itself is never in it."""
    leaves = "" if is_this_computer(urlsplit(url).hostname or "") else words.server_leaves
    buttons = concat(
        Markup('<button type="button" class="second"{}>{}</button>').format(
            attributes(data_command=command, data_id=server_id, aria_label=f"{word}: {url}"), word
        )
        for command, word in (("test-server", words.test_server), ("remove-server", words.remove_server))
    )
    status = Markup('<span class="told" role="status"{}></span>').format(attributes(id=f"told-{server_id}"))
    note = joined(words.server_has_key if has_key else "", leaves)
    return _row(url, Markup('<div class="line">{}{}</div>').format(status, buttons), note)


def _data(values: SettingsValues, words: Words) -> Markup:
    rows = [
        _row(
            title,
            Markup('<button type="button" class="second"{}>{}</button>').format(
                attributes(data_command="copy-path", data_value=place, aria_label=f"{words.copy_path}: {title}"),
                words.copy_path,
            ),
            place,
        )
        for title, place in (
            (words.data_folder, values.data_dir),
            (words.models_folder, values.models_dir),
            (words.database_at, values.database),
        )
    ]
    link = Markup('<p><a href="data/">{}</a></p>').format(words.to_data_page)
    return concat((*rows, link))


def _shortcuts(words: Words) -> Markup:
    keys = (
        (words.key_send, ("Enter",)),
        (words.key_line, ("Shift", "Enter")),
        (words.key_stop, ("Esc",)),
        (words.key_palette, ("Ctrl", "K")),
        (words.key_help, ("?",)),
        (words.key_new, ("Ctrl", "Shift", "O")),
        (words.key_settings, ("Ctrl", ",")),
        (words.key_list, ("Ctrl", "\\")),
        (words.key_outline, ("Ctrl", "Shift", "\\")),
        (words.key_rename, ("F2",)),
        (words.key_delete, ("Del",)),
        (words.key_moments, ("n", "p")),
        (words.key_steps, ("↑", "↓")),
        (words.key_rate, ("+", "-")),
        (words.key_verdict, ("1", "…", "5")),
    )
    rows = (
        Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(
            name, concat(Markup("<kbd>{}</kbd>").format(key) for key in pressed)
        )
        for name, pressed in keys
    )
    return Markup('<dl class="keys">{}</dl>').format(concat(rows))
