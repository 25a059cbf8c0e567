"""The command line as a person or a program uses it: exit codes, what is on stdout, what is on stderr, what is kept."""

import json
import logging
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import forked
import pytest
from forked import CODE, Forked
from replay import Exchange, Replay, written

from r1chat import __version__
from r1chat.app import build
from r1chat.cli.main import main
from r1chat.cli.process import polite_signals
from r1chat.config import load, nano_model
from r1chat.conversations import Conversation
from r1chat.library import CURATED

ROOT = Path(__file__).parents[1]
DEADLINE = 60  # seconds; a process that takes longer hangs
WORDS = [f"word{i} " for i in range(40)]
EVENTS = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of its own, no settings from outside, and no log that goes on after the test."""
    for name in os.environ:
        if name.startswith(("R1CHAT_", "OLLAMA_")):
            monkeypatch.delenv(name)
    for name in ("R1CHAT_FIND_MODELS", "R1CHAT_MEASURE_SPEED"):
        monkeypatch.setenv(name, "false")
    monkeypatch.setenv("R1CHAT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("R1CHAT_OLLAMA", "false")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield tmp_path / "data"
    for handler in logging.root.handlers[:]:
        if isinstance(handler, logging.FileHandler):
            logging.root.removeHandler(handler)
            handler.close()


def r1chat(*words: str, stdin: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return forked.run(*words, stdin=stdin, env={**os.environ, **env})


def python_m_r1chat(*words: str, stdin: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in a Python that starts anew."""
    return subprocess.run(
        [sys.executable, "-m", "r1chat", *words],
        stdin=subprocess.DEVNULL if stdin is None else None,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **env},
        timeout=DEADLINE,
    )


def server_that_says(*words: str, ms: float = 0, stalls_after: int | None = None, reasoning: str = "") -> Replay:
    """An OpenAI-compatible server with one model, `parrot`; `ms` between its words, at pace 1."""
    deltas: list[dict[str, Any]] = [{"reasoning_content": reasoning}] if reasoning else []
    deltas += [{"content": word} for word in words]
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]
    reply = Exchange(
        "POST",
        "/v1/chat/completions",
        headers=EVENTS,
        chunks=tuple((i * ms, line) for i, line in enumerate(lines)),
        stalls_after=stalls_after,
    )
    models = written("GET", "/v1/models", json.dumps({"data": [{"id": "parrot", "owned_by": "somebody"}]}))
    return Replay(models, reply, pace=1)


def kept(data_dir: Path) -> Conversation:
    """The latest conversation, read from the database as it is: nothing in it is marked as interrupted."""
    from r1chat.store import Store

    with closing(Store(load(data_dir=data_dir).database)) as store:
        return store.conversation(store.conversations(limit=1)[0].id)


def wait_until_kept(data_dir: Path, text: str) -> None:
    """Until a reply with this text is in the database."""
    for _ in range(DEADLINE * 20):
        if (data_dir / "r1chat.db").exists():
            with closing(sqlite3.connect(data_dir / "r1chat.db", timeout=DEADLINE)) as database:
                tables = database.execute("SELECT name FROM sqlite_master WHERE name = 'reply'").fetchall()
                if tables and any(text in row[0] for row in database.execute("SELECT answer FROM reply")):
                    return
        Event().wait(0.05)
    raise AssertionError(f"{text!r} did not come")


# --- one question ----------------------------------------------------------------------------------------------------


def test_thought_goes_to_stderr_and_answer_to_stdout() -> None:
    done = r1chat("chat", "27 + 43 = ?", "--seed", "1")
    assert done.returncode == 0
    assert done.stdout == "The answer is \\boxed{70}.\n"
    assert "27 + 43" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.slow
def test_json_prints_one_object_and_no_words_beside_it(data_dir: Path) -> None:
    done = r1chat("chat", "27 + 43 = ?", "--seed", "1", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    output = json.loads(done.stdout)
    assert list(output) == ["model", "reasoning", "answer", "finish", "usage", "timings", "conversation", "reply"]
    assert output["model"] == "llama.cpp:r1chat-nano"
    assert "27 + 43" in output["reasoning"]
    assert output["answer"] == "The answer is \\boxed{70}."
    assert output["finish"] == "stop"
    assert output["usage"]["reasoning_tokens"] > output["usage"]["answer_tokens"] > 0
    conversation = kept(data_dir)
    assert output["conversation"] == conversation.info.id
    stored = conversation.turns[0].reply
    assert stored is not None and output["reply"] == stored.id and output["reasoning"] == stored.reply.reasoning


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("-",)])
def test_message_comes_from_standard_input(words: tuple[str, ...], data_dir: Path) -> None:
    with server_that_says("Yes.") as server:
        done = r1chat("chat", *words, "--base-url", server.url, stdin="Is this\na message?\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Yes.\n", "")
    assert kept(data_dir).turns[0].content == "Is this\na message?"


@pytest.mark.slow
@pytest.mark.parametrize("words", [("Summarise:",), ("Summarise:", "-")])
def test_text_on_standard_input_follows_the_message(words: tuple[str, ...], data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("One.\n\nTwo.\n", encoding="utf-8")
    with server_that_says("Yes.") as server:
        done = r1chat("chat", *words, "--base-url", server.url, stdin=file.read_text(encoding="utf-8"))
        assert (done.returncode, done.stdout, done.stderr) == (0, "Yes.\n", "")
        assert kept(data_dir).turns[0].content == "Summarise:\n\nOne.\n\nTwo."
        with file.open(encoding="utf-8") as stream:
            env = {**os.environ, "R1CHAT_BASE_URL": server.url}
            later = Forked("chat", *words, "--continue", stdin=stream.fileno(), env=env)
            assert later.communicate() == ("Yes.\n", "")
    assert [turn.content for turn in kept(data_dir).turns] == ["Summarise:\n\nOne.\n\nTwo."] * 2


@pytest.mark.slow
def test_empty_standard_input_adds_nothing_to_the_message(data_dir: Path) -> None:
    with server_that_says("Yes.") as server:
        assert r1chat("chat", "Hello", "--base-url", server.url, stdin="\n").returncode == 0
    assert kept(data_dir).turns[0].content == "Hello"


@pytest.mark.slow
def test_seed_and_sampling_reach_the_model(data_dir: Path) -> None:
    with server_that_says("Yes.") as server:
        flags = ["--temperature", "0.9", "--seed", "7", "--max-tokens", "50"]
        assert r1chat("chat", "Hello", "--base-url", server.url, *flags).returncode == 0
        (request,) = server.asked("/v1/chat/completions")
    assert (request.json["temperature"], request.json["seed"], request.json["max_tokens"]) == (0.9, 7, 50)


def test_flags_win_over_variables_and_variables_over_the_file(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "settings.toml").write_text("temperature = 0.1\ntop_p = 0.2\nseed = 3\n", encoding="utf-8")
    with server_that_says("Yes.") as server:
        done = r1chat("chat", "Hi", "--base-url", server.url, "--seed", "5", R1CHAT_TOP_P="0.4", R1CHAT_SEED="4")
        (request,) = server.asked("/v1/chat/completions")
    assert done.returncode == 0
    assert (request.json["temperature"], request.json["top_p"], request.json["seed"]) == (0.1, 0.4, 5)


@pytest.mark.slow
def test_words_are_utf_8_in_any_locale(data_dir: Path) -> None:
    odd = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    with server_that_says("等等 — é", reasoning="嗯") as server:
        done = python_m_r1chat("chat", "你好", "--base-url", server.url, **odd)
    assert (done.returncode, done.stdout, done.stderr) == (0, "等等 — é\n", "嗯\n")
    assert kept(data_dir).turns[0].content == "你好"


def test_answer_that_may_still_be_thought_is_held_back_from_a_program(data_dir: Path) -> None:
    with server_that_says("Let me see.\n", "</think>\n\n", "It is 70.") as server:
        done = r1chat("chat", "27 + 43 = ?", "--base-url", server.url)
    assert (done.stdout, done.stderr) == ("It is 70.\n", "Let me see.\n")


@pytest.mark.slow
def test_error_in_mid_reply_is_a_sentence_and_what_came_is_kept(data_dir: Path) -> None:
    with server_that_says("It is ", "70.") as server:
        _, reply = server.exchanges
        chunks = (*reply.chunks[:2], (0.0, 'data: {"error": {"message": "out of memory", "code": 500}}\n\n'))
        server.exchanges[1] = Exchange("POST", reply.path, headers=EVENTS, chunks=chunks)
        done = r1chat("chat", "27 + 43 = ?", "--base-url", server.url)
    assert done.returncode == 1
    assert "out of memory" in done.stderr and "Traceback" not in done.stderr
    (turn,) = kept(data_dir).turns
    assert turn.reply is not None
    assert (turn.reply.reply.answer, turn.reply.reply.finish) == ("It is 70.", "error")


@pytest.mark.slow
def test_stream_that_was_cut_is_said_and_is_no_success(data_dir: Path) -> None:
    with server_that_says("It is ", "70.") as server:
        _, reply = server.exchanges
        server.exchanges[1] = Exchange("POST", reply.path, headers=EVENTS, chunks=reply.chunks[:1])
        done = r1chat("chat", "27 + 43 = ?", "--base-url", server.url, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["finish"] == "cut"
    assert "ask again" in done.stderr


@pytest.mark.slow
def test_message_longer_than_the_window_is_refused_with_the_numbers() -> None:
    done = r1chat("chat", stdin="abc " * 50_000)
    assert (done.returncode, done.stdout) == (1, "")
    assert "4,096" in done.stderr or "4096" in done.stderr
    assert re.search(r"\d{2,3},?\d{3} tokens", done.stderr)
    assert done.stderr.count("\n") == 1


# --- conversations are kept ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_conversation_goes_on_in_a_later_process(data_dir: Path) -> None:
    with server_that_says("A first answer.", reasoning="A thought.") as server:
        assert r1chat("chat", "First", "--base-url", server.url).returncode == 0
        done = r1chat("chat", "Second", "--continue", R1CHAT_BASE_URL=server.url)
        assert (done.returncode, done.stderr) == (0, "A thought.\n")
        by_id = kept(data_dir).info.id
        assert r1chat("chat", "Third", "--conversation", by_id, R1CHAT_BASE_URL=server.url).returncode == 0
        contents = [message["content"] for message in server.asked("/v1/chat/completions")[-1].json["messages"]]
    assert contents == ["First", "A first answer.", "Second", "A first answer.", "Third"]
    assert [turn.content for turn in kept(data_dir).turns] == ["First", "Second", "Third"]


@pytest.mark.slow
def test_killed_process_loses_nothing_that_was_said_before(data_dir: Path) -> None:
    with server_that_says(*WORDS, stalls_after=30) as server:
        process = Forked("chat", "Tell me", "--base-url", server.url)
        wait_until_kept(data_dir, "word29")
        process.kill()
        process.communicate(timeout=DEADLINE)
        assert process.returncode == -signal.SIGKILL
        (turn,) = kept(data_dir).turns
        assert turn.reply is not None and turn.reply.reply.finish is None
        with closing(build(load(data_dir=data_dir, base_url=server.url))) as app:  # the next start, of whatever it is
            (turn,) = app.store.conversation(turn.conversation_id).turns
    assert turn.reply is not None
    assert turn.reply.reply.finish == "interrupted"
    assert turn.reply.reply.answer.split() == "".join(WORDS[:30]).split()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signal_stops_the_reply_and_keeps_it(number: signal.Signals, code: int, data_dir: Path) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("this signal was switched off for all that runs here, as nohup does")
    with server_that_says(*WORDS, stalls_after=30) as server:
        process = Forked("chat", "Tell me", "--base-url", server.url)
        wait_until_kept(data_dir, "word29")
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, "Traceback" in err) == (code, False), err
    (turn,) = kept(data_dir).turns
    assert turn.reply is not None
    assert turn.reply.reply.finish == "stopped"
    assert turn.reply.reply.answer.split() == "".join(WORDS[:30]).split()
    if number == signal.SIGINT:
        assert out.split() == "".join(WORDS[:30]).split()  # what was held back is said at the end
        assert turn.conversation_id in err


def test_error_met_on_the_way_out_does_not_hide_the_signal() -> None:
    with pytest.raises(SystemExit) as left, polite_signals():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            raise RuntimeError("cannot release un-acquired lock")
    assert left.value.code == 143


@pytest.mark.slow
def test_reader_that_leaves_is_no_error_to_talk_about(data_dir: Path) -> None:
    with server_that_says(*WORDS * 25, ms=10, reasoning="Hm.") as server:
        process = Forked("chat", "Tell me", "--base-url", server.url)
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(5) == "word0"
        process.stdout.close()
        process.wait(DEADLINE)
        err = process.stderr.read()
        process.stderr.close()
    assert (process.returncode, err) == (141, "Hm.\n")
    (turn,) = kept(data_dir).turns
    assert turn.reply is not None and turn.reply.reply.finish == "stopped"


# --- what cannot be done ---------------------------------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one sentence on stderr with which these words are refused."""
    code = main(words)
    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    assert err.endswith(".\n") and err.count("\n") == 1 and "Traceback" not in err
    return err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["chat", ""], "empty"),
        (["chat", "  \n "], "empty"),
        (["chat", "Hi", "--temperature", "9"], "temperature"),
        (["chat", "Hi", "--temperature", "warm"], "--temperature"),
        (["chat", "Hi", "--backend", "cloud"], "llama.cpp"),
        (["chat", "Hi", "--backend", "openai"], "--base-url"),
        (["chat", "Hi", "--base-url", "ftp://somewhere"], "ftp://somewhere"),
        (["chat", "Hi", "--model", "gpt-9"], "llama.cpp:r1chat-nano"),
        (["chat", "Hi", "--model", "/nowhere/model.gguf"], "/nowhere/model.gguf"),
        (["chat", "Hi", "--conversation", "nobody"], "conversation"),
        (["chat", "Hi", "--continue"], "--continue"),
        (["chat", "Hi", "--continue", "--conversation", "x"], "--conversation"),
        (["chat", "Hi", "there"], "there"),
        (["chat", "Hi", "--colour", "red"], "r1chat chat --help"),
        (["chatter"], "r1chat --help"),
        (["serve", "--port", "99999", "--no-browser"], "port"),
        (["chat", "Hi", "--base-url", "http://127.0.0.1:99999/v1"], "port 99999"),
    ],
)
def test_bad_words_are_refused_in_one_sentence(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str], data_dir: Path
) -> None:
    assert complaint in refused(capsys, *words)


def test_json_without_a_message_is_refused_at_a_terminal() -> None:
    ours, theirs = os.openpty()
    try:
        command = Forked("chat", "--json", stdin=theirs)
        out, err = command.communicate()
    finally:
        os.close(ours)
        os.close(theirs)
    assert (command.returncode, out) == (1, "")
    assert "--json needs a message" in err


@pytest.mark.parametrize("size", [0, 17, 3000])
def test_damaged_model_file_is_named(size: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(nano_model().read_bytes()[:size])
    assert "broken.gguf" in refused(capsys, "chat", "Hi", "--model", str(file))


@pytest.mark.slow
def test_model_file_answers_by_its_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(nano_model().read_bytes())
    assert main(["chat", "27 + 43 = ?", "--model", str(file), "--seed", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "llama.cpp:mine"


@pytest.mark.slow
def test_model_file_answers_by_its_name_in_the_models_folder(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data_dir / "models").mkdir(parents=True)
    (data_dir / "models" / "mine.gguf").write_bytes(nano_model().read_bytes())
    assert main(["chat", "27 + 43 = ?", "--model", "mine.gguf", "--seed", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "llama.cpp:mine"


@pytest.mark.slow
@pytest.mark.parametrize("content", [None, b"hello"])
def test_bad_file_in_the_settings_is_said_while_another_model_answers(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "broken.gguf"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("R1CHAT_MODEL_PATH", str(file))
    assert main(["chat", "27 + 43 = ?", "--seed", "1"]) == 0
    out, err = capsys.readouterr()
    assert "70" in out
    assert "broken.gguf" in err.splitlines()[0]


def test_ollama_that_is_not_there(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("R1CHAT_OLLAMA_HOST", closed_address())
    for words in (["chat", "Hi"], ["models"]):
        complaint = refused(capsys, *words, "--backend", "ollama")
        assert "Ollama" in complaint and "ollama serve" in complaint and "0.0.0.0" not in complaint


def test_server_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    address = closed_address()
    assert address in refused(capsys, "chat", "Hi", "--base-url", address)


def test_server_that_answers_html(capsys: pytest.CaptureFixture[str]) -> None:
    page = "<html><body>It works!</body></html>"
    with Replay(written("GET", "/v1/models", page, content_type="text/html")) as server:
        complaint = refused(capsys, "chat", "Hi", "--base-url", server.url)
    assert server.url in complaint and "<html>" not in complaint


def closed_address() -> str:
    """An address on this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_data_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    complaint = refused(capsys, "chat", "Hi", "--data-dir", str(tmp_path / "file" / "data"))
    assert "--data-dir" in complaint and "R1CHAT_DATA_DIR" in complaint


def test_database_of_a_newer_version_is_left_alone(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_newer_database(data_dir)
    before = (data_dir / "r1chat.db").read_bytes()
    assert "newer version" in refused(capsys, "chat", "Hi")
    assert (data_dir / "r1chat.db").read_bytes() == before


def make_newer_database(data_dir: Path) -> None:
    build(load(data_dir=data_dir), {}).close()
    with closing(sqlite3.connect(data_dir / "r1chat.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()


def test_settings_file_that_cannot_be_read(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data_dir.mkdir()
    (data_dir / "settings.toml").write_text("temperature = = 1", encoding="utf-8")
    assert "settings.toml" in refused(capsys, "chat", "Hi")


def test_rater_file_that_is_no_plain_file(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data_dir.mkdir()
    (data_dir / "rater").symlink_to("/dev/zero")
    assert "rater is a link" in refused(capsys, "chat", "Hi")


@pytest.mark.slow
def test_defect_is_a_sentence_and_the_details_are_in_the_log(tmp_path: Path, data_dir: Path) -> None:
    data_dir.mkdir()
    (tmp_path / "sqlalchemy.py").write_text("raise RuntimeError('a broken installation')", encoding="utf-8")
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    done = python_m_r1chat("chat", "Hi", PYTHONPATH=path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "a broken installation" in done.stderr and str(data_dir / "r1chat.log") in done.stderr
    assert "Traceback" in (data_dir / "r1chat.log").read_text(encoding="utf-8")
    assert "Traceback" in python_m_r1chat("chat", "Hi", PYTHONPATH=path, R1CHAT_DEBUG="1").stderr


def test_broken_llama_cpp_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "llama_cpp.py").write_text("raise RuntimeError('a broken installation')", encoding="utf-8")
    program = (
        "import sys; from r1chat.cli.main import main; sys.path.insert(0, sys.argv[1]); sys.exit(main(['chat', 'Hi']))"
    )
    done = r1chat(CODE, program, str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "cannot be used (RuntimeError: a broken installation)" in done.stderr


# --- the page --------------------------------------------------------------------------------------------------------


def test_busy_port_is_a_sentence() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        done = r1chat("serve", "--no-browser", "--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert port in done.stderr and "--port" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("program", ["app.py", "r1chat serve"])
@pytest.mark.slow
def test_page_is_served_until_ctrl_c(program: str) -> None:
    flags = ("--no-browser", "--port", "0")
    run = f"import runpy; runpy.run_path({str(ROOT / 'app.py')!r}, run_name='__main__')"
    process = Forked(*([CODE, run] if program == "app.py" else ["serve"]), *flags, page=True)
    try:
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        match = re.search(r"http://127\.0\.0\.1:\d+/\S*", first)
        assert match, first
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with browser.open(match[0], timeout=DEADLINE) as page:
            assert page.status == 200
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, out, err) == (0, "", "")
    assert "Ctrl-C" in second


# --- models and doctor -----------------------------------------------------------------------------------------------


def test_models_are_listed_with_what_is_known_of_them(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (data_dir / "models").mkdir(parents=True)
    (data_dir / "models" / "broken.gguf").write_bytes(b"hello")
    monkeypatch.setenv("R1CHAT_OLLAMA", "true")
    monkeypatch.setenv("R1CHAT_OLLAMA_HOST", closed_address())
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["BACKEND", "NAME", "SIZE", "QUANTISATION", "CONTEXT", "THINKS", "STATE"]
    assert re.match(r"llama\.cpp +r1chat-nano +[\d.]+ MB +\w+ +4,096 +yes +ready$", lines[1])
    assert re.match(r"llama\.cpp +broken +5 B .*broken\.gguf", lines[2])
    assert lines[-1].startswith("ollama: ")


def test_a_name_of_several_lines_makes_one_row(capsys: pytest.CaptureFixture[str]) -> None:
    name = "parrot\nllama.cpp  DeepSeek-R1  4 GB"
    models = written("GET", "/v1/models", json.dumps({"data": [{"id": name}]}))
    with Replay(models) as server:
        assert main(["models", "--base-url", server.url]) == 0
    assert sum("DeepSeek-R1" in line for line in capsys.readouterr().out.splitlines()) == 1
    assert not any(line.startswith("llama.cpp  DeepSeek") for line in capsys.readouterr().out.splitlines())


def test_models_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    with server_that_says("Yes.") as server:
        assert main(["models", "--json", "--base-url", server.url]) == 0
    output = json.loads(capsys.readouterr().out)
    assert [model["key"] for model in output["models"]] == ["openai:parrot"]
    assert output["errors"] == {}


@pytest.mark.slow
def test_doctor_finds_a_healthy_machine(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["healthy"]
    findings = {check["topic"]: check["found"] for check in report["checks"]}
    assert findings["r1chat"].startswith(__version__)
    assert str(data_dir / "r1chat.db") in findings["database"]
    assert {"python", "llama-cpp-python", "settings", "data folder", "port", "memory", "gpu"} <= set(findings)
    assert re.match(r"fits \([\d.]+ MB of memory with a window of 4k\)", findings["forecast"])
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "r1chat-nano" in out and "ollama pull" in out


def test_models_find_tells_what_to_expect_of_each(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "find"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == "" and len(lines) == 2 * len(CURATED)
    assert "DeepSeek-R1-Distill-Qwen-1.5B  (MIT)" in lines[0]
    assert all(re.match(r" {10}(fits|larger than the free memory|does not run here)", line) for line in lines[1::2])


def sick(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    """The problems that the doctor finds, by topic."""
    assert main(["doctor", "--json", *words]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    return {check["topic"]: check["found"] for check in json.loads(out)["checks"] if check["state"] == "problem"}


def test_doctor_tells_what_keeps_from_chatting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    problems = sick(capsys, "--data-dir", str(tmp_path / "file" / "data"))
    assert set(problems) == {"data folder", "database"}
    assert "--data-dir" in problems["data folder"]


def test_doctor_examines_what_it_can_where_the_settings_are_broken(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data_dir.mkdir()
    (data_dir / "settings.toml").write_text("colour = 'red'", encoding="utf-8")
    assert "colour" in sick(capsys)["settings"]


@pytest.mark.slow
def test_doctor_knows_a_newer_database(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_newer_database(data_dir)
    assert "newer version" in sick(capsys)["database"]


@pytest.mark.slow
def test_doctor_misses_the_model_and_the_backend_that_were_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert "/nowhere/model.gguf" in sick(capsys, "--model", "/nowhere/model.gguf")["model"]
    assert set(sick(capsys, "--base-url", closed_address())) == {"openai", "models"}


def test_doctor_takes_a_busy_port_for_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert main(["doctor", "--json", "--port", str(listener.getsockname()[1])]) == 0
    checks = {check["topic"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["port"]["state"] == "hint" and "--port" in checks["port"]["advice"]


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"r1chat {__version__}\n"
    assert main([]) == 0
    assert "doctor" in capsys.readouterr().out
    assert main(["chat", "--help"]) == 0
    assert "--conversation" in capsys.readouterr().out


def test_moments_lists_the_moments_of_a_text(tmp_path: Path) -> None:
    text = "<think>I think it is 7. Wait, let me check that. 3+5=8, so it is 8.</think>Wait, it is 8."
    done = r1chat("moments", stdin=text)
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["17", "verification"])
    file = tmp_path / "thought.txt"
    file.write_text(text, encoding="utf-8")
    lines = r1chat("moments", "--json", str(file)).stdout.splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["Wait, let me check that."]


def test_moments_of_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    done = r1chat("moments", str(tmp_path / "nowhere"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be read" in done.stderr
    assert "Traceback" not in done.stderr
