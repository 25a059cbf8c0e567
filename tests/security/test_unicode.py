"""Names and texts that are no Unicode, and files that are none: every page works, and says what is wrong with them."""

from __future__ import annotations

import ast
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import forked
import httpx
import pytest
from forked import CODE
from launched import Launched, other_port

from r1chat.store import Store

ROOT = Path(__file__).parents[2]
NANO = ROOT / "assets" / "r1chat-nano.gguf"
PAGES = [
    "/r1chat/opening",
    "/r1chat/library/whole",
    "/r1chat/library/here",
    "/r1chat/learn/whole",
    "/r1chat/evaluation/whole",
    "/r1chat/evaluation/runs",
    "/r1chat/evaluation/curves",
    "/r1chat/data/rows",
]
RUN = {
    "task": "sums",
    "title": "half \ud800 a title",
    "model": "llama.cpp:\udfff",
    "digest": "",
    "source": "",
    "paper": "",
    "problems": 1,
    "k": 1,
    "seed": 0,
    "budget": None,
    "sampling": [],
}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="file names that are not UTF-8, and devices")


def path(folder: Path, name: bytes) -> bytes:
    folder.mkdir(parents=True, exist_ok=True)
    return os.fsencode(folder) + b"/" + name


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The client of a r1chat whose folders and whose second server hold such names."""
    data = tmp_path_factory.mktemp("data")
    models = data / "models"
    for name in (b"bad\xff.gguf", b"new\nline\x1b[2J.gguf", "\u202egpj.\u2066.gguf".encode(), b"<img src=x>.gguf"):
        shutil.copy(NANO, path(models, name))
    shutil.copy(NANO, path(models / "adapters", b"ad\xff.gguf"))
    os.symlink("/dev/zero", models / "zero.gguf")
    os.symlink("loop.gguf", models / "loop.gguf")
    os.mkfifo(models / "pipe.gguf")
    (models / "folder.gguf").mkdir()
    with (models / "hole.gguf").open("wb") as file:
        file.write(b"GGUF\3\0\0\0" + b"\xff" * 16)
        file.truncate(10**12)
    for name in (b"run\xff", b"curve\xff/one", b"escape\n\x1b[2J"):
        os.makedirs(path(data / "evaluations", name))
        with open(path(data / "evaluations", name) + b"/run.json", "w") as specification:
            json.dump(RUN, specification)
    Store(f"sqlite:///{data / 'r.db'}").close()
    os.replace(data / "r.db", path(data / "evaluations", b"run\xff/r1chat.db"))
    names = {"data": [{"id": "bad\ud800name", "object": "model"}]}
    r1chat = Launched(data)
    with other_port(lambda target: json.dumps(names).encode() if target.endswith("models") else b"{}") as server:
        r1chat.start()
        with closing(r1chat.client()) as client:
            address = {"url": f"http://127.0.0.1:{server.port}/v1", "key": ""}
            act(client, "add-server", text=json.dumps(address))
            act(client, "look-again")
            yield client
        r1chat.stop()


def act(client: httpx.Client, verb: str, **fields: str) -> dict[str, Any]:
    answer = client.post("/r1chat/act", json={"lang": "en", "verb": verb, **fields})
    assert answer.status_code == 200, answer.text[:300]
    return dict(answer.json())


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_beside_names_that_are_no_unicode(hostile: httpx.Client, page: str) -> None:
    assert hostile.get(page).status_code == 200


def test_what_has_such_a_name_is_listed_and_the_reason_said(hostile: httpx.Client) -> None:
    models = hostile.get("/r1chat/library/whole").text
    assert "bad\ufffd" in models and "is not UTF-8" in models
    assert "bad\ufffdname" in json.dumps(act(hostile, "models"), ensure_ascii=False)
    runs = hostile.get("/r1chat/evaluation/whole").text
    assert "run\ufffd" in runs and "half \ufffd a title" in runs
    samples = hostile.get("/r1chat/evaluation/samples", params={"run": "run\ufffd"})
    assert samples.status_code == 200, samples.text


def test_the_other_models_answer_and_the_server_can_be_removed(hostile: httpx.Client) -> None:
    answer = act(hostile, "ask", text="27 + 43 = \ud800?".encode("utf-8", "replace").decode(), model="")
    assert answer["conversation"]
    settings = json.dumps(act(hostile, "settings"))
    server_id = settings.split("server-", 1)[1][:16]
    act(hostile, "remove-server", id=f"server-{server_id}")
    assert "server-" not in json.dumps(act(hostile, "settings"))


@pytest.mark.slow
def test_every_route_answers_with_the_responses_that_clean_their_text() -> None:
    for file in (ROOT / "r1chat" / "ui").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").endswith((".responses", "fastapi")):
                names = {alias.name for alias in node.names}
                unclean = names & {"HTMLResponse", "PlainTextResponse", "JSONResponse", "ORJSONResponse"}
                assert not unclean or node.module == "r1chat.ui.responses", file


@pytest.mark.slow
def test_files_are_their_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    words = ["eval", "sums", "-n", "1", "--model", "r1chat-nano", "--data-dir", str(tmp_path / "data")]
    environment = {**os.environ, "R1CHAT_OLLAMA": "false", "R1CHAT_FIND_MODELS": "false", "PYTHONPATH": str(ROOT)}
    code = "import os, sys; from r1chat.cli.main import main; os.umask(0); sys.exit(main(sys.argv[1:]))"
    ended = forked.run(CODE, code, *words, env=environment)
    assert ended.returncode == 0, ended.stderr
    files = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
    assert any(file.name == "solved.jsonl" for file in files)
    assert [str(file) for file in files if file.stat().st_mode & 0o077] == []
