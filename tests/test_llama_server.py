"""A real llama-server, of the package xllamacpp: every control of a reply, and a crash."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import forked
import psutil
import pytest
from forked import CODE
from micro import write_micro

from r1chat.backends.llama.server import LlamaServerBackend
from r1chat.cli.main import main
from r1chat.errors import BackendError, ContextError, GenerationError, ModelFileError, UnknownModelError
from r1chat.generation import sampled
from r1chat.messages import BackendEvent, Finish, Message, Params, Reply, ReplySoFar, Request
from r1chat.think import collect

pytest.importorskip("xllamacpp", reason='the extra "llama-server" is not installed')

ROOT = Path(__file__).parent.parent
NANO = ROOT / "assets" / "r1chat-nano.gguf"
SUM = (Message("user", "27 + 43 = ?"),)
GREEDY = Params(temperature=0)


@pytest.mark.slow
def test_a_missing_system_library_is_named_with_what_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "libgomp.so.1: cannot open shared object file"
    (tmp_path / "xllamacpp.py").write_text(f"raise ImportError({reason!r})")
    monkeypatch.syspath_prepend(tmp_path)  # the server's process gets this path
    with closing(LlamaServerBackend([NANO])) as backend, pytest.raises(BackendError) as failure:
        reply_to(backend, ask())
    assert reason in str(failure.value) and "apt install libgomp1" in str(failure.value)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # for the process in which the doctor tries it
    assert main(["doctor", "--data-dir", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    (line,) = [line for line in out.splitlines() if line.startswith("PROBLEM  xllamacpp")]
    assert reason in line and not err


@pytest.fixture(scope="module")
def nano() -> Iterator[LlamaServerBackend]:
    with closing(LlamaServerBackend([NANO])) as backend:
        yield backend


def ask(so_far: ReplySoFar | None = None, params: Params = GREEDY) -> Request:
    return Request("r1chat-nano", SUM, so_far, params)


def reply_to(backend: LlamaServerBackend, request: Request) -> Reply:
    return collect(backend.stream(request), request.so_far)


def end_of(events: Iterator[BackendEvent]) -> Finish:
    *_, last = events
    assert isinstance(last, Finish)
    return last


def server() -> psutil.Process:
    (process,) = [child for child in psutil.Process().children() if "server" in child.cmdline()]
    return process


def test_fresh_reply_thinks_and_answers(nano: LlamaServerBackend) -> None:
    reply = reply_to(nano, ask())
    assert "27 + 43" in reply.reasoning and "\\boxed{70}" in reply.answer
    assert (reply.finish, reply.closed) == ("stop", True)
    (model,) = nano.models()
    assert model.loaded and model.thinks and model.continues and model.context == 4096 and len(model.digest) == 64


@pytest.mark.parametrize("tokens", [5, 10, 30])
def test_continued_thought_ends_in_the_same_reply_and_reads_nothing_twice(
    nano: LlamaServerBackend, tokens: int
) -> None:
    whole = reply_to(nano, ask())
    part = reply_to(nano, ask(params=Params(temperature=0, max_tokens=tokens)))
    assert not part.closed and part.finish == "length"
    reply = reply_to(nano, ask(part.so_far))
    assert (reply.reasoning, reply.answer) == (whole.reasoning, whole.answer)
    usage = reply.usage
    assert usage.cached_tokens is not None and usage.prompt_tokens is not None
    assert usage.prompt_tokens - usage.cached_tokens <= 5


def test_continued_answer_ends_in_the_same_reply(nano: LlamaServerBackend) -> None:
    whole = reply_to(nano, ask())
    assert reply_to(nano, ask(ReplySoFar(whole.reasoning, True, "The answer"))).answer == whole.answer


def test_answer_now_and_skipping_the_thought(nano: LlamaServerBackend) -> None:
    assert "boxed" in reply_to(nano, ask(ReplySoFar("7+3=10, 2+4+1=7. So it is 70.", closed=True))).answer
    skipped = reply_to(nano, ask(ReplySoFar("", closed=True)))
    assert skipped.reasoning == "" and skipped.answer


@pytest.mark.slow
def test_same_seed_gives_the_same_reply_and_another_seed_another_one(nano: LlamaServerBackend) -> None:
    texts = [reply_to(nano, ask(params=Params(temperature=3.0, top_p=1.0, seed=seed))) for seed in (1, 1, 2)]
    assert texts[0].reasoning == texts[1].reasoning != texts[2].reasoning


def test_vote_gives_every_sample_its_own_end(nano: LlamaServerBackend) -> None:
    jobs = [(nano, ask(params=Params(seed=seed))) for seed in range(3)]
    ends = [event for _, event in sampled(jobs) if isinstance(event, Finish)]
    assert len(ends) == 3 and {end.reason for end in ends} == {"stop"}


def test_closing_a_stream_stops_it_and_the_next_reply_works(nano: LlamaServerBackend) -> None:
    stream = nano.stream(ask(params=Params(temperature=3.0, top_p=1.0, seed=1)))
    for event in stream:
        if getattr(event, "text", ""):
            break
    stream.close()
    assert "70" in reply_to(nano, ask()).answer


def test_prompt_that_does_not_fit_is_refused_with_the_numbers(nano: LlamaServerBackend) -> None:
    with pytest.raises(ContextError) as caught:
        list(nano.stream(Request("r1chat-nano", (Message("user", "5" * 9000),))))
    assert caught.value.needed > caught.value.context == 4096


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_crash_ends_one_reply_with_a_sentence(nano: LlamaServerBackend, number: signal.Signals) -> None:
    stream = nano.stream(Request("r1chat-nano", (Message("user", "27 + 43 = ? " * 250),), params=GREEDY))
    reply_to(nano, ask())  # the server is there
    next(stream)
    server().send_signal(number)
    with pytest.raises(GenerationError, match=r"memory ran out|crashed \(SIGSEGV\)"):
        list(stream)
    assert "70" in reply_to(nano, ask()).answer


def test_unloading_ends_the_process(nano: LlamaServerBackend) -> None:
    reply_to(nano, ask())
    process = server()
    assert nano.unload("r1chat-nano") and not process.is_running()
    assert not nano.models()[0].loaded


@pytest.mark.slow
def test_other_programs_cannot_use_the_server(nano: LlamaServerBackend) -> None:
    import urllib.error
    import urllib.request

    reply_to(nano, ask())
    (port,) = [connection.laddr.port for connection in server().net_connections() if connection.status == "LISTEN"]
    request = urllib.request.Request(f"http://127.0.0.1:{port}/completion", b"{}")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    caught.value.close()
    assert caught.value.code == 401


def test_files_that_cannot_be_used_are_explained(tmp_path: Path) -> None:
    write_micro(tmp_path / "alien.gguf", architecture="martian")
    (tmp_path / "cut.gguf").write_bytes(NANO.read_bytes()[:1_000_000])
    with closing(LlamaServerBackend([tmp_path])) as backend:
        assert "incomplete" in str(next(model for model in backend.models() if model.name == "cut").note)
        for name, error in {"alien": ModelFileError, "cut": ModelFileError, "nobody": UnknownModelError}.items():
            with pytest.raises(error):
                list(backend.stream(Request(name, SUM)))


@pytest.mark.slow
def test_it_takes_over_where_llama_cpp_python_is_missing(tmp_path: Path) -> None:
    code = """
import sys
sys.modules["llama_cpp"] = None
from r1chat.cli.main import main
sys.exit(main(["chat", "27 + 43 = ?"]))
"""
    done = run(code, tmp_path)
    assert done.returncode == 0 and "70" in done.stdout


@pytest.mark.slow
def test_without_any_engine_files_are_refused_and_servers_work(tmp_path: Path) -> None:
    code = """
import sys
sys.modules["llama_cpp"] = sys.modules["xllamacpp"] = None
from r1chat.cli.main import main
print(main(["chat", "--backend", "llama.cpp", "Hi"]))
print(main(["models"]))
print(main(["chat", "--base-url", "http://127.0.0.1:9/v1", "Hi"]))

from fastapi import FastAPI
from fastapi.testclient import TestClient
from r1chat.app import build
from r1chat.config import load
from r1chat.ui.library import routes
from r1chat.ui.talk import availability
from r1chat.ui.words.page import words
app, web = build(load()), FastAPI()
app.catalogue.statuses(patience=None)
now = availability.look(app, "", words("en"))
print("the page:", now.engine, now.why)
routes.add(web, app)
print("the models:", TestClient(web).get("/r1chat/library/whole").text)
app.close()
"""
    done = run(code, tmp_path)
    assert "the page: False GGUF files need llama.cpp, which is not installed" in done.stdout
    assert '<p class="failure">GGUF files need llama.cpp, which is not installed' in done.stdout
    assert 'pip install "r1chat[llama]"' in done.stderr and "ModuleNotFoundError" not in done.stderr
    assert "llama.cpp: GGUF files need llama.cpp, which is not installed" in done.stdout
    assert "--base-url" in done.stderr.splitlines()[-1]


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"R1CHAT_DATA_DIR": str(folder), "R1CHAT_OLLAMA": "false"}
    return forked.run(CODE, code, env=env)
