"""The signs on the composer's buttons, drawn as lines in a box of 24 by 24: paths of the Lucide set (ISC licence)."""

from __future__ import annotations

from markupsafe import Markup

_PATHS = {
    "send": Markup('<path d="m5 12 7-7 7 7"/><path d="M12 19V5"/>'),
    "stop": Markup('<rect width="12" height="12" x="6" y="6" rx="2" fill="currentColor"/>'),
    "down": Markup('<path d="m6 9 6 6 6-6"/>'),
    "check": Markup('<path d="M20 6 9 17l-5-5"/>'),
    "close": Markup('<path d="M18 6 6 18"/><path d="m6 6 12 12"/>'),
    "edit": Markup('<path d="M12 20h9"/><path d="M16.4 3.6a2.1 2.1 0 0 1 3 3L7 19l-4 1 1-4Z"/>'),
    "bulb": Markup(
        '<path d="M15 14c.2-1 .7-1.7 1.5-2.5 1-.9 1.5-2.2 1.5-3.5a6 6 0 0 0-12 0c0 1 .2 2.2 1.5 3.5"/>'
        '<path d="M7.5 11.5c.7.7 1.3 1.5 1.5 2.5"/><path d="M9 18h6"/><path d="M10 22h4"/>'
    ),
    "sliders": Markup(
        '<path d="M21 5h-7"/><path d="M10 5H3"/><path d="M21 12h-9"/><path d="M8 12H3"/><path d="M21 19h-5"/>'
        '<path d="M12 19H3"/><path d="M14 3v4"/><path d="M8 10v4"/><path d="M16 17v4"/>'
    ),
    "columns": Markup('<rect width="18" height="16" x="3" y="4" rx="2"/><path d="M12 4v16"/>'),
    "left": Markup('<rect width="18" height="18" x="3" y="3" rx="2"/><path d="M9 3v18"/>'),
    "right": Markup('<rect width="18" height="18" x="3" y="3" rx="2"/><path d="M15 3v18"/>'),
    "gear": Markup(
        '<path d="M20 7h-9"/><path d="M14 17H5"/><circle cx="17" cy="17" r="3"/><circle cx="7" cy="7" r="3"/>'
    ),
    "plus": Markup('<path d="M5 12h14"/><path d="M12 5v14"/>'),
    "menu": Markup('<path d="M4 6h16"/><path d="M4 12h16"/><path d="M4 18h16"/>'),
    "refresh": Markup(
        '<path d="M3 12a9 9 0 0 1 15-6.7L21 8"/><path d="M21 3v5h-5"/><path d="M21 12a9 9 0 0 1-15 6.7L3 16"/>'
        '<path d="M3 21v-5h5"/>'
    ),
    "now": Markup('<path d="m6 17 5-5-5-5"/><path d="m13 17 5-5-5-5"/>'),
}


def glyph(name: str) -> Markup:
    """A sign. It is hidden from screen readers: its button has a name."""
    return Markup('<svg class="glyph-line" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>').format(
        _PATHS[name]
    )
