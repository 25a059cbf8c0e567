"""The keys of the launched app against another server on 127.0.0.1, in a real browser: what it gets and what it breaks.

Such a server may belong to another user of the machine. A browser sends it the cookies of every port of this host.
"""

from __future__ import annotations

import re
import signal
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from keyed import PLAIN
from launched import Launched, OtherPort, other_port
from site_driver import ask, expect, finished

pytestmark = pytest.mark.slow

SECRET = "xylophonist"
PRIVATE = ["/config", "/r1chat/feed", "/r1chat/library/whole", "/r1chat/data/rows", "/gradio_api/info"]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """A r1chat that these tests may end and start again."""
    r1chat = Launched(tmp_path_factory.mktemp("own"))
    r1chat.start()
    yield r1chat
    r1chat.stop()


@pytest.fixture(scope="module")
def tab(own: Launched, browser: Any) -> Iterator[Any]:
    """A tab in which a conversation was begun."""
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(own.address)
    page.wait_for_selector("#model-button .dot.ready")
    ask(page, f"The {SECRET} has 27 + 43 = ?")
    finished(page)
    yield page
    context.close()


@pytest.fixture
def stranger() -> Iterator[OtherPort]:
    with other_port() as server:
        yield server


def visit(tab: Any, stranger: OtherPort, html: str = "<p>hello</p>") -> Any:
    """The person opens a page of that server, in another tab; its own scripts may do what they like."""
    stranger.pages["/"] = html
    other = tab.context.new_page()
    other.goto(stranger.origin + "/")
    return other


def reload(tab: Any) -> None:
    tab.reload()
    expect(tab.locator(".ask").first).to_contain_text(SECRET)


def test_the_address_that_was_opened_is_dead_and_out_of_the_history(own: Launched, tab: Any) -> None:
    assert "token" not in tab.url
    assert httpx.get(own.address, **PLAIN).status_code == 403


def test_a_server_on_another_port_learns_the_cookie_and_can_do_nothing_with_it(
    own: Launched, tab: Any, stranger: OtherPort
) -> None:
    visit(tab, stranger).close()
    cookie = dict(stranger.asked[-1][1]).get("Cookie", "")
    assert f"r1chat-{own.port}=" in cookie, "the browser kept the cookie back: this test shows nothing"
    conversation = re.search(r"c=(\w+)", tab.url)
    assert conversation
    with httpx.Client(headers={"cookie": cookie}, **PLAIN) as thief:
        for path in [*PRIVATE, f"/r1chat/feed?conversation={conversation[1]}"]:
            assert thief.get(own.origin + path).status_code == 403
        answer = thief.post(own.origin + "/r1chat/act", json={"verb": "search", "query": SECRET})
        assert answer.status_code == 403
        for path in ("/", f"/?c={conversation[1]}", "/data/", "/models/"):
            shell = thief.get(own.origin + path)
            assert shell.status_code == 200
            assert SECRET not in shell.text


def test_a_page_on_another_port_reads_nothing_of_ours(own: Launched, tab: Any, stranger: OtherPort) -> None:
    other = visit(
        tab,
        stranger,
        f"""<iframe src="{own.origin}/"></iframe><script src="{own.origin}/config"></script>
        <script>
        const target = '{own.origin}', posted = {{method: 'POST', credentials: 'include', mode: 'no-cors'}};
        const tries = [
          fetch(target + '/', {{credentials: 'include'}}).then(r => r.text()),
          fetch(target + '/r1chat/enter', {{...posted}}).then(r => r.text()),
          fetch(target + '/r1chat/act', {{...posted, body: '{{}}'}}).then(r => r.text()),
          new Promise((resolve, reject) => {{
            const feed = new EventSource(target + '/r1chat/feed', {{withCredentials: true}});
            feed.onmessage = event => resolve(event.data); feed.onerror = () => reject();
          }}),
          new Promise((resolve, reject) => {{
            const opened = window.open(target + '/');
            setTimeout(() => {{ try {{ resolve(opened.document.body.innerText); }} catch (e) {{ reject(e); }} }}, 500);
          }}),
        ];
        Promise.allSettled(tries).then(results => {{
          document.body.dataset.got = JSON.stringify(results.map(r => r.value || ''));
          document.body.dataset.storage = JSON.stringify({{...localStorage}});
        }});
        </script>""",
    )
    other.locator("body[data-got]").wait_for()
    assert other.locator("body").get_attribute("data-got") == '["","","","",""]'
    assert "r1chat" not in other.locator("body").get_attribute("data-storage")
    assert SECRET not in other.content()
    for page in tab.context.pages:
        if page is not tab:
            page.close()


def test_a_cookie_that_another_port_tosses_does_not_lock_the_person_out(
    own: Launched, tab: Any, stranger: OtherPort
) -> None:
    stranger.cookies = [f"r1chat-{own.port}=tossed; Path=/", f"r1chat-{own.port}=tossed; Path=/r1chat"]
    visit(tab, stranger).close()
    tossed = {cookie["value"] for cookie in tab.context.cookies(own.origin) if cookie["name"] == f"r1chat-{own.port}"}
    assert tossed == {"tossed"}
    reload(tab)


def test_many_large_cookies_of_another_port_do_not_lock_the_person_out(tab: Any, stranger: OtherPort) -> None:
    toss = "for (let n = 0; n < 120; n++) document.cookie = `big-${n}=${'x'.repeat(4000)}; Path=/`;"
    try:
        other = visit(tab, stranger, f"<script>{toss} document.title = 'done'</script>")
        other.wait_for_function("document.title === 'done'")
        assert len(tab.context.cookies(stranger.origin)) > 100
        other.close()
        reload(tab)
    finally:
        tab.context.clear_cookies(name=re.compile("^big"))


def test_a_tab_goes_on_after_a_restart(own: Launched, tab: Any) -> None:
    own.stop(signal.SIGKILL)
    own.start()
    url = tab.url
    ask(tab, "1 + 1 = ?")
    expect(tab.locator(".ask")).to_have_count(2)
    finished(tab)
    assert tab.url == url, "the message went into another conversation"
    with closing(own.client()) as client:
        listed = client.post("/r1chat/act", json={"verb": "search", "query": ""}).text
    assert listed.count('data-verb=\\"open\\"') == 1


def test_who_serves_our_port_while_we_are_away_learns_nothing_that_opens_the_page(own: Launched, tab: Any) -> None:
    """Another user takes the port, and the person opens the bookmark there: same origin, same storage."""
    thieving = """<script>(async () => {
      const open = indexedDB.open('r1chat', 1);
      await new Promise(resolve => { open.onsuccess = resolve; });
      const get = open.result.transaction('keys').objectStore('keys').get('browser');
      await new Promise(resolve => { get.onsuccess = resolve; });
      let raw = '';
      try { raw = String(await crypto.subtle.exportKey('raw', get.result)); } catch (error) { raw = error.name; }
      const signed = await crypto.subtle.sign('HMAC', get.result, new TextEncoder().encode('a guess'));
      const hex = [...new Uint8Array(signed)].map(byte => byte.toString(16).padStart(2, '0')).join('');
      document.title = JSON.stringify([raw, hex, localStorage.getItem('r1chat.session')]);
    })();</script>"""
    own.stop()
    try:
        with other_port(lambda path: thieving.encode(), port=own.port) as squatter:
            page = tab.context.new_page()
            page.goto(own.origin + "/")
            page.wait_for_function("document.title")
            raw, signature, session = page.evaluate("JSON.parse(document.title)")
            cookie = next(headers["Cookie"] for _, headers in squatter.asked if "Cookie" in headers)
            page.close()
    finally:
        own.start()
    assert raw == "InvalidAccessError"
    for key in (signature, session):
        stolen = {"cookie": cookie, "x-r1chat-key": key}
        assert httpx.post(own.origin + "/r1chat/enter", headers=stolen, **PLAIN).status_code == 403
        assert httpx.get(own.origin + "/r1chat/feed", headers=stolen, **PLAIN).status_code == 403
    reload(tab)  # a bookmark works again


def test_a_browser_without_the_key_is_told_what_to_do(own: Launched, browser: Any) -> None:
    context = browser.new_context(locale="zh-CN", color_scheme="dark")
    page = context.new_page()
    page.goto(own.origin + "/")
    expect(page.get_by_role("heading")).to_have_text("此页面需要密钥")
    expect(page.locator("code")).to_have_text("r1chat open")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(25, 24, 23)"
    page.goto(own.fresh_address())
    page.wait_for_selector("#model-button .dot.ready")
    context.close()


def test_a_browser_that_keeps_nothing_is_told_so(own: Launched, browser: Any) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(own.fresh_address())
    page.wait_for_selector("#model-button .dot.ready")
    page.route("**/r1chat/enter", lambda route: route.fulfill(status=204))  # its cookie is not kept
    context.clear_cookies()
    page.goto(own.origin + "/")
    expect(page.get_by_role("alert")).to_contain_text("keeps nothing for this page")
    context.close()


@pytest.mark.parametrize("name", ["key", "serving.json", "r1chat.db"])
def test_the_secrets_of_the_data_folder_are_for_their_owner_alone(own: Launched, name: str) -> None:
    mode = stat.S_IMODE((own.folder / name).stat().st_mode)
    assert mode == 0o600


def test_no_script_of_the_pages_needs_unsafe_inline(own: Launched) -> None:
    with closing(own.client()) as client:
        policies = {path: client.get(path).headers["content-security-policy"] for path in ("/", "/data/", "/models/")}
        scripts = {
            path: next(part for part in policy.split("; ") if part.startswith("script-src"))
            for path, policy in policies.items()
        }
        assert "unsafe-inline" not in "".join(scripts.values()) and "'sha256-" in scripts["/"]
        assert scripts["/data/"] == scripts["/models/"] == "script-src 'self'"
        assert "unsafe-eval" not in client.get("/config").headers["content-security-policy"]


def test_a_command_without_a_running_r1chat_says_so(tmp_path: Path) -> None:
    from r1chat.cli.main import main

    assert main(["open", "--data-dir", str(tmp_path)]) == 1
