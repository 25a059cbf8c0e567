"""The start of the page: what is there first, and what an idle page costs."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import forked
import psutil
import pytest
from launched import Launched
from site_driver import CHROMIUM, Site, expect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message

from r1chat.config import load
from r1chat.ui.kept_page import ChatPage, kept_or_rendered
from r1chat.ui.later import Later
from r1chat.ui.listening import Listening

in_browser = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")


@pytest.mark.slow
def test_who_comes_before_the_page_is_there_waits_for_it(own: Launched) -> None:
    """The address is printed first: `start` returns before the page has been imported."""
    with closing(own.client()) as client:
        assert "talk/opening.js" in client.get("/").text


INTERRUPTED = """
import os, signal, sys, weakref
from pathlib import Path
from r1chat.app import build
from r1chat.backends.scripted import ScriptedBackend
from r1chat.cli.serving import serve
from r1chat.config import load
from r1chat.ui.kept_page import ChatPage, kept_or_rendered

class Module: pass

def interrupt(reference):
    os.kill(os.getpid(), getattr(signal, sys.argv[2]))
    for _ in range(1000):
        pass

def announce(address):
    module = Module()
    reference = weakref.ref(module, interrupt)
    del module
    print("announced", flush=True)

app = build(load(data_dir=Path(sys.argv[1]), port=0, open_browser=False), {"scripted": ScriptedBackend(lambda _: "")})
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
serve(app, announce)
app.close()
"""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 0), ("SIGTERM", 143)])
def test_a_request_to_end_is_not_lost_while_the_page_is_imported(tmp_path: Path, name: str, code: int) -> None:
    """Python drops what a signal's handler raises while a weak reference is called back, as each import does."""
    done = forked.run(forked.CODE, INTERRUPTED, str(tmp_path), name, page=True)
    assert (done.stdout, done.stderr, done.returncode) == ("announced\n", "", code)


@pytest.mark.slow
def test_an_idle_page_does_not_look_for_work(own: Launched) -> None:
    with closing(own.client()) as client:
        client.get("/")
    assert own.process is not None
    idle = psutil.Process(own.process.pid)
    for _ in range(10):  # what the start began may still go on
        before = idle.num_ctx_switches().voluntary
        time.sleep(0.5)
        if idle.num_ctx_switches().voluntary - before < 50:
            return
    raise AssertionError("it wakes up more than a hundred times a second")


def test_small_parts_of_a_response_are_sent_at_once(tmp_path: Path) -> None:
    """asyncio switches Nagle's algorithm off for sockets that name TCP alone; without that each response took 40 ms."""
    listening = Listening(load(data_dir=tmp_path, port=0))
    try:
        assert {listener.proto for listener in listening.sockets} == {socket.IPPROTO_TCP}
    finally:
        for listener in listening.sockets:
            listener.close()


async def _status(app: ASGIApp) -> int:
    """The status of a request to an ASGI app."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)
    return int(sent[0]["status"])


def test_a_request_that_is_given_up_before_the_routes_are_there_takes_nothing_from_the_next() -> None:
    ready = threading.Event()

    def make() -> ASGIApp:
        ready.wait()
        return PlainTextResponse("here")

    async def requests() -> int:
        later = Later(make)
        later.begin()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_status(later), 0.05)
        waiting = asyncio.create_task(_status(later))
        await asyncio.sleep(0)
        ready.set()
        return await waiting

    assert asyncio.run(requests()) == 200


def test_where_the_routes_cannot_be_made_requests_fail() -> None:
    def make() -> ASGIApp:
        raise ImportError("no such module")

    later = Later(make)
    later.begin()
    for _ in range(2):
        with pytest.raises(ImportError, match="no such module"):
            asyncio.run(_status(later))


IMPORTS = """
import sys
from r1chat.ui.mounting import with_chat_page
with_chat_page(lambda scope, receive, send: None)
print("gradio" in sys.modules)
"""


RENDERS = """
import asyncio, gc, warnings
warnings.simplefilter("error", ResourceWarning)
from r1chat.ui.rendering import render
render()
warnings.simplefilter("ignore", DeprecationWarning)
asyncio.set_event_loop(None)
gc.collect()
print("rendered")
"""


@pytest.mark.slow
def test_rendering_the_page_leaves_no_event_loop_open() -> None:
    done = forked.run(forked.CODE, RENDERS)
    assert (done.stdout, done.stderr) == ("rendered\n", "")


@pytest.mark.slow
def test_the_page_is_rendered_where_another_account_has_the_folder_that_gradio_takes(tmp_path: Path) -> None:
    (tmp_path / "gradio").write_text("as little of a folder as that of another account")
    code = "from r1chat.ui.rendering import render; render(); print('rendered')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"TMPDIR": str(tmp_path)}
    )
    assert done.stdout == "rendered\n", done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["gradio"]


@pytest.mark.slow
def test_gradio_is_imported_by_the_first_start_alone() -> None:
    forked.run(forked.CODE, IMPORTS)
    assert forked.run(forked.CODE, IMPORTS).stdout == "False\n"


def test_the_page_is_rendered_anew_when_a_file_changes_or_what_was_kept_is_damaged(tmp_path: Path) -> None:
    place, package = tmp_path / "__pycache__/chat_page.json", tmp_path / "package"
    package.mkdir()
    (package / "page.py").write_text("1")
    rendered: list[ChatPage] = []

    def render() -> ChatPage:
        rendered.append(ChatPage(f"{len(rendered)}", "theme", "styles", ["index.js"]))
        return rendered[-1]

    def shown() -> str:
        page = kept_or_rendered(render, place, package)
        assert page == rendered[-1]
        return page.document

    assert [shown(), shown()] == ["0", "0"]
    (package / "page.py").write_text("22")
    assert [shown(), shown()] == ["1", "1"]
    (package / "new.css").write_text("")
    assert [shown(), shown()] == ["2", "2"]
    place.write_text(place.read_text()[:50])
    assert [shown(), shown()] == ["3", "3"]
    place.write_text("[]")
    assert [shown(), shown()] == ["4", "4"]
    assert [path.name for path in place.parent.iterdir()] == ["chat_page.json"]


def test_a_page_that_cannot_be_kept_is_rendered_at_each_start(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").write_text("no folder")
    page = ChatPage("document", "theme", "styles", [])
    place = tmp_path / "__pycache__/chat_page.json"
    assert [kept_or_rendered(lambda: page, place, tmp_path) for _ in range(2)] == [page, page]


@in_browser
def test_the_document_names_every_script_and_style_that_the_page_needs(site: Site) -> None:
    """Of Gradio's and of ours: one that is not named is asked for when another has run, and the page opens later."""
    site.serve(["<think>", "Yes.", "</think>", "1"])
    page = site.open()
    expect(page.locator("#prompt textarea")).to_be_enabled()
    document, resources = page.evaluate("""async () => [
      await (await fetch(location.href)).text(),
      performance.getEntriesByType('resource').map(entry => new URL(entry.name).pathname.slice(1)),
    ]""")
    of_pages = [
        name for name in resources if name.startswith(("assets/", "r1chat/scripts/")) or name == "r1chat/page.css"
    ]
    assert len(of_pages) > 50
    assert [name for name in of_pages if f'"{name}"' not in document and f'"./{name}"' not in document] == []
