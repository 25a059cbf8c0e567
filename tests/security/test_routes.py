"""The routes of Gradio that fetch, serve, run or change things cannot be reached, key or not."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from launched import OtherPort

from r1chat.ui.html.markdown import to_html

NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "same-origin"}


@pytest.mark.parametrize("prefix", ["", "/data"])
@pytest.mark.parametrize(
    "route",
    [
        "/gradio_api/file={foreign}/steal",
        "/gradio_api/file%3D{foreign}/steal",
        "/gradio_api/proxy={foreign}/steal",
        "/gradio_api/file={file}",
        "/gradio_api/file/{file}",
        "/assets/../gradio_api/file={foreign}/steal",
        "/static/%2e%2e/gradio_api/file={foreign}/steal",
        "//gradio_api/file={foreign}/steal",
        "/gradio_api/upload_progress?upload_id=x",
        "/gradio_api/custom_component/x/client/component/index.js",
        "/gradio_api/queue/data?session_hash=x",
        "/gradio_api/heartbeat/x",
        "/gradio_api/runs",
        "/gradio_api/vibe-code",
        "/gradio_api/deep_link?session_hash=x",
        "/gradio_api/openapi.json",
        "/config",
        "/monitoring",
        "/login_check",
        "/gradio_api/token",
        "/svelte/x",
    ],
)
def test_no_route_of_gradio_fetches_or_serves_what_it_is_told(
    page: httpx.Client, foreign: OtherPort, prefix: str, route: str
) -> None:
    response = page.get(prefix + route.format(foreign=foreign.origin, file=Path(__file__)))
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/plain")
    assert foreign.asked == []


@pytest.mark.parametrize(
    "route",
    [
        "/gradio_api/queue/join",
        "/gradio_api/upload",
        "/gradio_api/run/sent",
        "/gradio_api/api/sent",
        "/gradio_api/call/sent",
        "/gradio_api/call/v2/sent",
        "/gradio_api/component_server",
        "/gradio_api/vibe-edit",
        "/gradio_api/vibe-code",
        "/gradio_api/process_recording",
        "/gradio_api/run-history/connect",
        "/login",
    ],
)
def test_no_route_of_gradio_runs_a_handler_by_name_or_takes_a_file(page: httpx.Client, route: str) -> None:
    assert page.post(route, json={"data": []}).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_methods_that_no_page_uses_are_refused(page: httpx.Client, method: str) -> None:
    assert page.request(method, "/gradio_api/queue/join").status_code == 404


@pytest.mark.parametrize("path", ["/gradio_api/queue/data", "/r1chat/feed", "/theme.css", "/r1chat/answer/x"])
def test_only_pages_are_opened_by_a_link(page: httpx.Client, path: str) -> None:
    assert page.get(path, headers=NAVIGATION).status_code == 404


@pytest.mark.parametrize("path", ["/", "/data/", "/theme.css", "/r1chat/page.css"])
def test_what_the_pages_need_is_there(page: httpx.Client, path: str) -> None:
    assert page.get(path).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:7860/gradio_api/file=http://evil.example",
        "http://localhost/",
        "http://LOCALHOST.:7860",
        "http://a.localhost:7860",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0x7f.0x.0x.1:7860/",
        "http://0x:7860/",
        "http://l%C2%ADocalhost:7860/",
        "http://lo\u034fcalhost:7860/",
        "http://0.0.0.0:7860",
        "http://[::1]:7860/",
        "http://[::ffff:127.0.0.1]/",
        "http://evil.example@127.0.0.1/",
        "http://evil.example\\@127.0.0.1/",
        "http:///127.0.0.1/",
        "http://%31%32%37.0.0.1/",
        "http://１２７。0.0.1/",
    ],
)
def test_link_to_this_computer_is_text(address: str) -> None:
    html = to_html(f"[Read on](<{address}>) and <{address}>")
    assert "Read on" in html
    assert "href" not in html or "evil.example" in address.partition("@")[0]


def test_link_to_elsewhere_stays_a_link() -> None:
    assert 'href="https://example.org/127.0.0.1"' in to_html("[Read on](https://example.org/127.0.0.1)")
