"""Icons as inline SVG, from Lucide (https://lucide.dev, ISC licence: `r1chat/ui/static/LUCIDE-LICENSE.txt`).

`tools/icons.mjs` writes `icons.json` out of the npm package; add an icon there. An icon is drawn in the colour of the
text around it and is hidden from screen readers: the button that holds it has the name.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from markupsafe import Markup

_SHAPES: dict[str, str] = json.loads(Path(__file__).with_name("icons.json").read_text(encoding="utf-8"))


@cache
def icon(name: str, kind: str = "icon") -> Markup:
    """The icon of that name in Lucide, 18 px. Raises KeyError for one that `icons.json` does not hold."""
    shapes = Markup(_SHAPES[name])  # noqa: S704
    return Markup('<svg class="{}" viewBox="0 0 24 24" aria-hidden="true">{}</svg>').format(kind, shapes)


def sign(name: str) -> Markup:
    """The icon of that name as high as the text that follows it."""
    return icon(name, "icon small")
