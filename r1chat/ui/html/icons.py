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
def icon(name: str) -> Markup:
    """The icon of that name in Lucide, 18 px. Raises KeyError for one that `icons.json` does not hold."""
    return Markup('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>').format(Markup(_SHAPES[name]))  # noqa: S704
