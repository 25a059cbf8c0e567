"""Puts the chat page at `/`: Gradio's frame with our widgets, our style sheet and our theme."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Response

from r1chat.app import App
from r1chat.ui.html.markdown import pygments_css
from r1chat.ui.page import layout
from r1chat.ui.startup import gradio as gr

_UI = Path(__file__).parent
_SHEETS = (
    "colours.css",
    "page.css",
    "composer/composer.css",
    "settings/settings.css",
    "talk/talk.css",
    "talk/thought.css",
    "html/text.css",
    "judge/rating.css",
    "compare/compare.css",
)
_HEAD = (
    '<link rel="icon" type="image/svg+xml" href="r1chat/static/logo.svg">'
    '<link rel="preload" as="font" type="font/woff2" href="r1chat/static/math.woff2" crossorigin>'
    '<link rel="stylesheet" href="r1chat/page.css">'
    '<script src="r1chat/scripts/settings/looks.js"></script>'
)
_SANS = ["system-ui", "Noto Sans", "Noto Sans CJK SC", "sans-serif"]
_MONO = ["ui-monospace", "Noto Sans Mono", "monospace"]


def mount(web: FastAPI, app: App) -> None:
    """Put the page at `/`. To be called after every other route is there."""
    with gr.Blocks(title="r1chat", analytics_enabled=False, fill_width=True, fill_height=True) as blocks:
        layout()
    style = _styles()

    @web.get("/r1chat/page.css")
    def stylesheet() -> Response:
        return Response(style, media_type="text/css")

    gr.mount_gradio_app(
        web,
        blocks,
        path="/",
        server_name="127.0.0.1",
        footer_links=[],
        show_error=True,
        ssr_mode=False,
        theme=theme(),
        head=_HEAD,
        max_file_size=0,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
    )


def theme() -> gr.themes.Base:
    """Quiet, and with the system's own fonts: none is loaded."""
    base = gr.themes.Base(primary_hue="indigo", neutral_hue="stone", font=_SANS, font_mono=_MONO)
    return base.set(
        body_background_fill="#fbfaf8",
        body_background_fill_dark="#191817",
        body_text_color="#22211f",
        body_text_color_dark="#ece9e4",
    )


def _styles() -> str:
    """Our style sheet. Served by ourselves, since Gradio rewrites the selectors of what it is given."""
    sheets = "\n".join((_UI / name).read_text(encoding="utf-8") for name in _SHEETS)
    return f"{sheets}{pygments_css(dark=False)}\n@media not print {{\n{pygments_css(dark=True)}\n}}\n"
