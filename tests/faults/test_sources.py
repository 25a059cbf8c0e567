"""Hubs, servers and files of data that are slow, endless, huge or senseless."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from replay import Replay, written

from r1chat.app import build
from r1chat.backends.catalogue import Catalogue
from r1chat.backends.format_finder import SearchStoppedError, find_any_format, find_format
from r1chat.backends.format_search import FormatSearch
from r1chat.backends.ollama import OllamaBackend
from r1chat.backends.openai import OpenAIBackend
from r1chat.backends.scripted import ScriptedBackend
from r1chat.backends.wire import MOST_MODELS
from r1chat.config import load
from r1chat.errors import EvaluationError, LibraryError
from r1chat.evaluation import load_task
from r1chat.learn.forgetting import forget_erased
from r1chat.learn.gather import read_rows
from r1chat.learn.runs import Runs, RunWish
from r1chat.library.hub import Hub, RemoteFile, Variant
from r1chat.messages import Finish
from r1chat.servers import Server, Servers
from r1chat.store import Store

Answer = Callable[[BaseHTTPRequestHandler], None]
ROOT = Path(__file__).parents[2]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """A server on loopback; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                answer(self)
            except OSError:  # the client has gone
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}"
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def trickle(handler: BaseHTTPRequestHandler) -> None:
    """An answer without end, a byte at a time."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" ")
        time.sleep(0.02)


# --- hubs -------------------------------------------------------------------------------------------------------------


def test_a_listing_in_single_bytes_is_left() -> None:
    with server(trickle) as address, pytest.raises(LibraryError, match="does not understand"):
        Hub(address, patience=0.3).variants("owner/name-GGUF")


def test_the_beginning_of_a_file_in_single_bytes_is_left() -> None:
    with server(trickle) as address:
        file = RemoteFile("m.gguf", f"{address}/m.gguf", 1_000_000)
        assert Hub(address, patience=0.3).header("owner/name-GGUF", [Variant("m", "", (file,))]) is None


def _small_disk() -> list[str]:
    """The beginning of a command that runs Python with a disk of 120 MB of its own; empty where that cannot be had."""
    if sys.platform != "linux" or not shutil.which("unshare"):
        return []
    mount = 'mount -t tmpfs -o size=120m tmpfs "$1" && shift && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
    tried = subprocess.run([*command, "/mnt", "true"], capture_output=True, check=False)
    return command if tried.returncode == 0 else []


@pytest.mark.slow
def test_a_download_of_unknown_size_leaves_the_disk_some_room(tmp_path: Path) -> None:
    command = _small_disk()
    if not command:
        pytest.skip("this system lets nobody mount a small disk")

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(bytes(1_000_000))

    code = """
import shutil, sys, threading
from pathlib import Path
from r1chat.errors import LibraryError
from r1chat.library.download import download
from r1chat.library.hub import Hub, RemoteFile, Variant

address, folder = sys.argv[1:]
variant = Variant("m", "", (RemoteFile("m.gguf", f"{address}/m.gguf", 0),))
try:
    download(Hub(address), variant, Path(folder), lambda progress: None, threading.Event(), wait=0.01)
except LibraryError as error:
    print(error)
print(shutil.disk_usage(folder).free)
"""
    with server(endless) as address:
        run = subprocess.run(
            [*command, str(tmp_path), sys.executable, "-c", code, address, str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=ROOT,
            check=False,
        )
    sentence, free = run.stdout.splitlines()
    assert "left" in sentence and "Make room" in sentence
    assert int(free) >= 60_000_000


# --- servers ----------------------------------------------------------------------------------------------------------


def test_a_server_that_lists_thousands_of_models_is_read_in_time() -> None:
    """In linear time: looking for each among all of them takes minutes."""
    body = json.dumps({"object": "list", "data": [{"id": f"m{number}"} for number in range(10_000)]}).encode()

    def listing(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    began = time.process_time()
    with server(listing) as address, closing(OpenAIBackend(address)) as backend:
        assert len(backend.models()) == MOST_MODELS
    assert time.process_time() - began < 6


LONG = "x" * 100_000


def test_what_an_ollama_server_calls_its_models_is_short_or_left_out() -> None:
    """All of it stands in every list of models; a longer name could not be sent back by the page."""
    huge = int("9" * 400)
    details = {"quantization_level": LONG, "family": LONG, "parent_model": LONG}
    tag = {"size": 5, "digest": LONG, "remote_host": LONG, "details": details}
    facts = {"general.architecture": LONG, "general.parameter_count": huge, f"{LONG[:300]}.context_length": -5}
    lists = json.dumps({"models": [{"name": LONG, **tag}, {"name": "m", **tag}]})
    show = {"template": "{{ .Prompt }}", "capabilities": ["completion"], "modelfile": "ADAPTER x", "model_info": facts}
    exchanges = [
        written("GET", "/api/tags", lists),
        written("GET", "/api/ps", json.dumps({"models": [{"name": LONG}, {"name": "m"}]})),
        written("GET", "/api/version", json.dumps({"version": "9" * 5_000})),
        written("POST", "/api/show", json.dumps(show)),
    ]
    with Replay(*exchanges) as replay, closing(OllamaBackend(replay.url)) as backend:
        [info] = Catalogue({"ollama": backend}).models()
        assert (info.name, info.parameters) == ("m", 0)
        assert all(len(str(value)) <= 400 for value in asdict(info).values())
    with Replay(*exchanges) as replay, closing(OllamaBackend(replay.url)) as backend:
        assert [loaded.name for loaded in backend.manage.in_memory()] == ["m"]


def test_what_an_openai_server_calls_its_models_is_short_or_left_out() -> None:
    meta = {"ftype": LONG, "size": 1 << 40, "n_params": 5}
    data = [{"id": LONG}, {"id": "m", "owned_by": "llamacpp", "meta": meta, "parent": LONG}]
    props = {"build_info": LONG}
    exchanges = [
        written("GET", "/v1/models", json.dumps({"data": data})),
        written("GET", "/props", json.dumps(props)),
    ]
    with Replay(*exchanges) as replay, closing(OpenAIBackend(replay.url)) as backend:
        [info] = Catalogue({"openai": backend}).models()
    assert (info.name, info.size, info.parameters) == ("m", 1 << 40, 5)
    assert all(len(str(value)) <= 400 for value in asdict(info).values())


def test_the_reason_for_which_a_server_ends_a_reply_is_kept_short(tmp_path: Path) -> None:
    backend = ScriptedBackend(lambda _request: ["<think>hm</think>", "It is 10.", Finish("stop", LONG)])
    with closing(build(load(data_dir=tmp_path / "data"), {"scripted": backend})) as app:
        generation = app.chat.send(None, "7 + 3 = ?", "scripted:scripted")
        generation.wait(10)
        assert generation.saved(10)
        assert app.store.reply(generation.reply_id).reply.raw_finish == LONG[:300]


@pytest.mark.parametrize("sign", ["{", "§", "#", "<", "["])
@pytest.mark.parametrize("times", [90_000, 10_000_000])
def test_a_chat_template_that_writes_countless_brackets_is_understood_or_refused_in_time(sign: str, times: int) -> None:
    """A file that was downloaded brings it; where the search for tags is quadratic it stops the whole app."""
    messages = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}"
    began = time.process_time()
    finding = find_format(f"{messages}{{{{ '{sign}' * {times} }}}}")
    assert finding.form is None
    assert time.process_time() - began < 30


def template_with_switches(count: int) -> str:
    """A template with so many variables that look like switches of thinking, each compared with three values."""
    tests = (" or ".join(f"thinking_{number} == '{value}'" for value in "abc") for number in range(count))
    switches = (f"{{% if {test} %}}<t{number}>{{% endif %}}" for number, test in enumerate(tests))
    return "{% for m in messages %}<|u|>{{ m.content }}{% endfor %}" + "".join(switches)


def test_a_chat_template_with_countless_switches_is_not_tried_with_all_of_them() -> None:
    """It says itself how often it is rendered: 300 switches with 3 values, 3,052 times, up to 5 seconds each."""
    result = find_format(template_with_switches(60))
    assert result.form is None and result.problem is not None
    assert "could not be understood" in result.problem.sentence("en") and "无法理解" in result.problem.sentence("zh")


def test_the_search_in_a_chat_template_ends_when_its_server_is_removed() -> None:
    looks = itertools.count()
    with pytest.raises(SearchStoppedError):
        find_any_format(template_with_switches(11), stopped=lambda: next(looks) > 5)
    assert next(looks) == 7


def test_the_templates_of_a_server_are_searched_one_at_a_time_and_not_after_its_removal() -> None:
    """A hostile one has another template at each question, however short the questions last."""
    slow = "{% for i in range(99999) %}{% for j in range(3) %}{% endfor %}{% endfor %}" + template_with_switches(12)

    async def ends() -> list[object]:
        search = FormatSearch()
        searches = [asyncio.ensure_future(search.find(f"{{#{number}#}}{slow}")) for number in range(4)]
        await asyncio.sleep(0)
        assert sum(thread.name.startswith("r1chat-format") for thread in threading.enumerate()) == 1
        search.close()
        return list(await asyncio.gather(*searches, return_exceptions=True))

    assert {type(end) for end in asyncio.run(ends())} <= {SearchStoppedError, asyncio.CancelledError}


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tests", ["x" + ".a" * 100_000, "-" * 100_000 + "1"])
def test_tests_that_are_nested_too_deep_are_told_with_their_line(tmp_path: Path, tests: str) -> None:
    (tmp_path / "t.jsonl").write_text(json.dumps({"question": "q", "tests": tests}))
    with pytest.raises(EvaluationError, match=r"Line 1 of t\.jsonl"):
        load_task(str(tmp_path / "t.jsonl"))


def test_judgements_are_read_in_linear_time(tmp_path: Path) -> None:
    """Each conversation shares a prompt with the next; a quadratic reading takes many minutes."""
    lines = [
        json.dumps(
            {
                "chosen": f"a{number}",
                "rejected": "b",
                "prompt": f"{number // 2}",
                "conversation": f"{(number + 1) // 2}",
            }
        )
        for number in range(8_000)
    ]
    row = {"chosen": "a", "rejected": "b"}
    other = [json.dumps({**row, "prompt": f"apart {number}"}) for number in range(4_000)]
    (tmp_path / "data.jsonl").write_text("\n".join([*lines, *other]))
    began = time.process_time()
    gathered = read_rows("prefer", tmp_path / "data.jsonl", (), (), every_model=True)
    assert len(gathered.rows) + len(gathered.held) == 12_000
    assert time.process_time() - began < 15


def test_a_table_with_an_endless_field_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"question,answer\n{'x' * 200_000},5\n")
    with pytest.raises(EvaluationError, match=r"t\.csv cannot be read"):
        load_task(str(tmp_path / "t.csv"))


@pytest.mark.parametrize("mark", ["much", [1], 1e400, float("nan"), -7, 10**400, True])
def test_a_mark_that_makes_no_sense_is_none(tmp_path: Path, mark: object) -> None:
    rows = [{"prompt": f"{n}", "completion": "a", "label": n % 2 == 0, "helpfulness": mark} for n in range(40)]
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    gathered = read_rows("kto", tmp_path / "data.jsonl", (), (), every_model=True)
    marks = {dict(row.marks)["helpfulness"] for row in (*gathered.rows, *gathered.held)}
    assert marks <= {0, 1}


def test_a_database_that_cannot_be_read_leaves_the_folders_of_runs_as_they_are(tmp_path: Path) -> None:
    """At the start, when what was erased for good is taken out of them: the page opens all the same."""
    run = Runs(tmp_path).begin(RunWish("prefer", "llama.cpp:m"))
    (run.folder / "data.jsonl").write_text(json.dumps({"prompt": "p", "conversation": "c"}) + "\n")
    database = tmp_path / "r1chat.db"
    store = Store(f"sqlite:///{database}")
    store.close()
    for file in tmp_path.glob("r1chat.db*"):
        file.write_bytes(b"no database" * 1000)
    forget_erased(store, Runs(tmp_path))
    store.close()
    assert "conversation" in (run.folder / "data.jsonl").read_text()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "socks://127.0.0.1:1080"),
        ("HTTPS_PROXY", "ftp://proxy.example"),
        ("NO_PROXY", "[::1],localhost"),
        ("SSL_CERT_FILE", "/no/such/file.pem"),
    ],
)
def test_a_proxy_or_a_certificate_that_cannot_be_used_keeps_one_server_away_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("R1CHAT_DATA_DIR", str(tmp_path))  # one that others may have made names no such server
    Servers(tmp_path).add(Server("https://models.example/v1"))
    with closing(build(load(data_dir=tmp_path, ollama_host="https://nas.example:11434"))) as app:
        statuses = {status.name: status for status in app.catalogue.statuses(patience=None)}
        assert statuses["llama.cpp"].models
        for backend in ("ollama", "openai@models.example"):
            assert "NO_PROXY or SSL_CERT_FILE" in str(statuses[backend].error)


def test_two_r1chats_on_one_folder_forget_no_server_of_the_other(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path)
    with closing(build(settings)) as ours, closing(build(settings)) as theirs:
        ours.add_server("http://127.0.0.1:9", "sk-ours")
        theirs.add_server("http://127.0.0.1:10", "")
        assert theirs.catalogue.backend("openai@127.0.0.1~9"), "it can be used at once"
        theirs.remove_server(theirs.servers.all()[1].id)
        assert [(server.url, server.key) for server in Servers(tmp_path).all()] == [
            ("http://127.0.0.1:9/v1", "sk-ours")
        ]
