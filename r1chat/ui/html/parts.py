"""The small pieces that all HTML of the page is made of.

HTML is `Markup`, text is `str`. `Markup("<b>{}</b>").format(text)` escapes every `str` that it takes in, so text that
was not escaped does not pass for HTML: mypy finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup

from r1chat.ui.html.icons import icon
from r1chat.ui.html.markdown import to_html
from r1chat.ui.words.page import Words

EMPTY = Markup("")
_OPTION = re.compile(r"(?<![\w-])([(“\"]?--[a-z][a-z-]*[)”\"]?)")


def markdown(text: str) -> Markup:
    """Markdown as HTML; it has passed the sanitiser's list of allowed tags."""
    return Markup(to_html(text))  # noqa: S704


def concat(parts: Iterable[Markup]) -> Markup:
    """Pieces of HTML, one after the other."""
    return EMPTY.join(parts)


def attributes(**values: str | int | bool | None) -> Markup:
    """Attributes with a blank before each: `data_id="x"` gives ` data-id="x"`, True gives the name alone.

    None and False leave an attribute out. A trailing underscore is dropped: `class_`.
    """
    parts = []
    for name, value in values.items():
        if value is None or value is False:
            continue
        attribute = name.rstrip("_").replace("_", "-")
        parts.append(Markup(" {}").format(attribute) if value is True else Markup(' {}="{}"').format(attribute, value))
    return concat(parts)


def text_area(text: str = "", **marks: str | int | bool | None) -> Markup:
    """A box for text of several lines.

    Browsers write what stands in a box into their session files, in temporary conversations too, unless it says not to.
    """
    marks["autocomplete"] = "off"
    return Markup("<textarea{}>\n{}</textarea>").format(attributes(**marks), text)  # the parser drops the first newline


def text_input(**marks: str | int | bool | None) -> Markup:
    """A box for one line of text, or for a number; see `text_area`."""
    marks["autocomplete"] = "off"
    return Markup("<input{}>").format(attributes(**marks))


def button(verb: str, subject: str, caption: str, kind: str = "", barred: str = "", **data: str | int) -> Markup:
    """A button that does `verb` to the thing with the id `subject`; `data` become `data-` attributes.

    `barred` says why it does nothing now; such a button can still be reached, so that everybody learns the reason.
    """
    marks = attributes(class_=kind or None, aria_disabled="true" if barred else None, title=barred or None)
    marks += attributes(data_verb=verb, data_id=subject)
    marks += attributes(**{f"data_{name}": value for name, value in data.items()})
    return Markup('<button type="button"{}>{}</button>').format(marks, caption)


def named_button(
    verb: str, subject: str, glyph: str | Markup, name: str, disabled: bool = False, **marks: str | int | None
) -> Markup:
    """A button that shows a sign only; its name is read aloud, and shown by the pointer."""
    data = attributes(data_verb=verb, data_id=subject, **marks)
    data += attributes(aria_label=name, title=name, disabled=disabled)
    return Markup('<button type="button"{}>{}</button>').format(data, glyph)


def icon_button(
    verb: str, subject: str, picture: str, name: str, barred: str = "", **marks: str | int | None
) -> Markup:
    """A button that shows an icon; `name` is read aloud, and shown as a tooltip. `barred`: why it does nothing now."""
    data = attributes(data_verb=verb, data_id=subject, **marks)
    data += attributes(aria_label=name, data_tip=name, aria_disabled="true" if barred else None, title=barred or None)
    return Markup('<button type="button" class="icon-button"{}>{}</button>').format(data, icon(picture))


def menu(caption: str | Markup, inside: Markup, kind: str = "", **marks: str | None) -> Markup:
    """A menu that unfolds from its caption."""
    return Markup('<details class="{}"{}><summary role="button"{}>{}</summary><div>{}</div></details>').format(
        f"menu {kind}".strip(), attributes(data_key=kind or None), attributes(**marks), caption, inside
    )


def unbroken(sentence: str) -> Markup:
    """A sentence in which no line ends within an option of a command, such as `--base-url`."""
    parts = _OPTION.split(sentence)
    return concat(
        Markup('<span class="piece">{}</span>').format(part) if number % 2 else Markup("{}").format(part)
        for number, part in enumerate(parts)
    )


def notice(sentence: str, error: bool = False) -> Markup:
    """One sentence to the person, as a box."""
    if error:
        return Markup('<div class="notice error" role="alert">{}</div>').format(unbroken(sentence))
    return Markup('<div class="notice" role="status">{}</div>').format(unbroken(sentence))


def speed(tokens_per_second: float | None, words: Words, digits: int) -> str:
    """`41.2 tokens/s` (from 100 on without a fraction), or nothing where it is not known. Text."""
    if tokens_per_second is None:
        return ""
    return words.speed.format(n=f"{tokens_per_second:,.{digits if tokens_per_second < 100 else 0}f}")


def joined(*parts: str) -> str:
    """The parts that are not empty, with dots between them. Text."""
    return " · ".join(part for part in parts if part)
