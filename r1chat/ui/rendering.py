"""The chat page as Gradio renders it: its frame around our layout, with our theme and our head.

Only this module and `page.py` use Gradio; `kept_page.py` keeps what comes of it, and imports neither.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp, Message

from r1chat.ui import preloads
from r1chat.ui.html.markdown import pygments_css
from r1chat.ui.kept_page import ORIGIN, ChatPage, frontend
from r1chat.ui.page import layout
from r1chat.ui.startup import gradio as gr
from r1chat.ui.startup import one_app

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
_FIRST = (  # in the document itself: Gradio would add it when its scripts have run
    '<link rel="icon" type="image/svg+xml" href="r1chat/static/logo.svg">'
    '<script src="r1chat/scripts/settings/looks.js"></script>'
    '<script type="module" src="r1chat/scripts/talk/opening.js"></script>'
    '<link rel="preload" as="style" href="r1chat/page.css">'
    '<link rel="preload" as="font" type="font/woff2" href="r1chat/static/math.woff2" crossorigin>'
)
_LAST = '<link rel="stylesheet" href="r1chat/page.css">'  # by Gradio's script, behind its own styles
_SANS = ["system-ui", "Noto Sans", "Noto Sans CJK SC", "sans-serif"]
_MONO = ["ui-monospace", "Noto Sans Mono", "monospace"]


def render() -> ChatPage:
    """Have Gradio render the page.

    In a thread of its own, with an event loop that ends with it: this thread may have one that runs, and where it has
    none, Gradio would make one and leave it open.
    """
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(asyncio.run, _rendered()).result()


async def _rendered() -> ChatPage:
    web = FastAPI()
    with one_app(), gr.Blocks(title="r1chat", analytics_enabled=False, fill_width=True, fill_height=True) as blocks:
        layout()
    gr.mount_gradio_app(
        web,
        blocks,
        path="/",
        server_name="127.0.0.1",
        footer_links=[],
        show_error=True,
        ssr_mode=False,
        theme=theme(),
        head=_LAST,
        max_file_size=0,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
    )
    assets = preloads.gradio_files(frontend())
    linked = [f"assets/{name}" for name in assets]
    linked += [f"r1chat/scripts/{name}" for name in preloads.modules(_UI, "talk/main.js")]
    document, sheet = await _get(web, "/"), await _get(web, "/theme.css")
    document = document.replace("<head>", f"<head>{_FIRST}", 1)
    document = document.replace("</head>", f"{preloads.links(linked)}</head>", 1)
    return ChatPage(document, sheet, _styles(), assets)


async def _get(app: ASGIApp, path: str) -> str:
    """The body of a response of an ASGI app."""
    body = b""

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal body
        body += message.get("body", b"")

    scheme, _, host = ORIGIN.partition("://")
    request = {"method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": ""}
    headers = [(b"host", host.encode()), (b"accept-encoding", b"identity")]
    await app({"type": "http", "http_version": "1.1", "scheme": scheme, "headers": headers, **request}, receive, send)
    return body.decode()


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
