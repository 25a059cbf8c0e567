"""Engines, the processes that llama.cpp runs in: whatever ends one, the app lives and the next reply works."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from pathlib import Path

import forked
import psutil
import pytest
from forked import CODE, Forked
from micro import write_micro

from r1chat.app import build
from r1chat.backends.gguf import read_header
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.backends.llama.channel import LoadSpec, pack_error, unpack_error
from r1chat.backends.llama.engine import Engine
from r1chat.backends.llama.files import ModelFile
from r1chat.backends.llama.job import Job
from r1chat.backends.llama.process import EngineDiedError
from r1chat.both import Both
from r1chat.config import Settings
from r1chat.errors import ContextError, GenerationError, ModelFileError, UnknownModelError
from r1chat.messages import BackendEvent, Finish, Message, Params, Progress, Raw, Request

ROOT = Path(__file__).parent.parent
NANO = ROOT / "assets" / "r1chat-nano.gguf"
SUM = (Message("user", "27 + 43 = ?"),)
SOON = 20.0  # seconds in which a process ends that is to end at once


@pytest.fixture(scope="module")
def endless() -> Iterator[LlamaCppBackend]:
    """The nano, whose replies never end before the window does."""
    with closing(LlamaCppBackend([NANO], endless=True)) as backend:
        yield backend


def ask(text: str = "27 + 43 = ?", **params: int) -> Request:
    return Request("r1chat-nano", (Message("user", text),), params=Params(seed=1, **params))  # type: ignore[arg-type]


def engines(parent: int | None = None) -> list[psutil.Process]:
    """The engine processes that a process has started, this one by default."""
    children = psutil.Process(parent).children()
    return [child for child in children if any("llama.child" in word for word in command_of(child))]


def command_of(process: psutil.Process) -> list[str]:
    """The command line of a process; just when it is started, the system tells an empty one for a moment.

    Empty for one that was killed and that nobody has missed yet.
    """
    until = time.monotonic() + SOON
    with suppress(psutil.NoSuchProcess):
        while not (words := process.cmdline()) and time.monotonic() < until:
            time.sleep(0.01)
        return words
    return []


def loaded_engine(besides: Collection[psutil.Process] = ()) -> psutil.Process:
    """The engine that takes most memory, the one with a model; `besides` those that were there before."""
    return max(set(engines()).difference(besides), key=lambda process: process.memory_info().rss)


def received(stream: Iterator[BackendEvent], kind: type[BackendEvent], count: int = 1) -> list[BackendEvent]:
    """The events up to the `count`-th of a kind."""
    events: list[BackendEvent] = []
    for event in stream:
        events.append(event)
        count -= isinstance(event, kind)
        if not count:
            return events
    raise AssertionError("the stream ended too early")


def works(backend: LlamaCppBackend) -> bool:
    """The next reply comes to its end."""
    events = list(backend.stream(ask(max_tokens=4)))
    return isinstance(events[-1], Finish) and events[-1].completion_tokens == 4


# --- crashes ---------------------------------------------------------------------------------------------------------

SIGNALS = {
    signal.SIGKILL: "memory ran out",
    signal.SIGSEGV: r"crashed \(SIGSEGV\)",
    signal.SIGABRT: r"crashed \(SIGABRT\)",
    signal.SIGBUS: "file was cut",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "moment"),  # pieces of text that have come
    [(signal.SIGKILL, 1), (signal.SIGSEGV, 5), (signal.SIGABRT, 5), (signal.SIGBUS, 20), (signal.SIGKILL, 20)],
)
def test_crash_in_mid_reply_ends_that_reply_with_a_sentence(
    endless: LlamaCppBackend, number: signal.Signals, moment: int
) -> None:
    stream = endless.stream(ask())
    text = received(stream, Raw, moment)
    loaded_engine().send_signal(number)
    with pytest.raises(GenerationError, match=SIGNALS[number]):
        text += stream
    assert any(isinstance(event, Raw) and event.tokens for event in text) or moment == 1
    assert works(endless)


@pytest.mark.slow
@pytest.mark.parametrize("number", SIGNALS)
def test_crash_while_nobody_waits_is_not_noticed(endless: LlamaCppBackend, number: signal.Signals) -> None:
    assert works(endless)
    process = loaded_engine()
    process.send_signal(number)
    process.wait(SOON)
    assert works(endless)


@pytest.mark.slow
def test_crash_while_the_prompt_is_read(endless: LlamaCppBackend) -> None:
    stream = endless.stream(ask("27 + 43 = ? " * 250))
    for event in stream:
        if isinstance(event, Progress) and event.stage == "prefill" and event.done:
            break
    loaded_engine().kill()
    with pytest.raises(EngineDiedError):
        list(stream)
    assert works(endless)


@pytest.mark.slow
def test_crash_in_a_vote_ends_all_of_its_samples(endless: LlamaCppBackend) -> None:
    samples = endless.stream_many(ask(), [1, 2, 3])
    for _, event in samples:
        if isinstance(event, Raw) and event.tokens:
            break
    loaded_engine().kill()
    with pytest.raises(EngineDiedError):
        list(samples)
    assert works(endless)


@pytest.mark.slow
def test_crash_while_a_prompt_is_warmed_is_nobodys_concern(endless: LlamaCppBackend) -> None:
    assert works(endless)
    loaded_engine().kill()
    endless.warm(ask())
    assert works(endless)


@pytest.mark.slow
def test_ggml_assert_while_loading_is_a_sentence_with_the_assertion(tmp_path: Path) -> None:
    write_micro(tmp_path / "many.gguf", experts=5000)
    with closing(LlamaCppBackend([tmp_path, NANO])) as backend:
        for _ in range(2):
            with pytest.raises(GenerationError, match=r"crashed \(GGML_ASSERT\(hparams\.n_expert"):
                list(backend.stream(Request("many", SUM)))
        assert works(backend)


@pytest.mark.slow
def test_file_that_is_cut_or_deleted_in_mid_reply_harms_no_reply_that_has_begun(tmp_path: Path) -> None:
    for name in ("cut", "deleted"):
        shutil.copy(NANO, tmp_path / f"{name}.gguf")
    with closing(LlamaCppBackend([tmp_path, NANO], endless=True)) as backend:
        for name, harm in (("cut", lambda path: os.truncate(path, 1_000_000)), ("deleted", os.unlink)):
            stream = backend.stream(Request(name, SUM, params=Params(max_tokens=200)))
            received(stream, Raw, 5)
            harm(tmp_path / f"{name}.gguf")
            last = list(stream)[-1]
            assert isinstance(last, Finish) and last.completion_tokens == 200
        with pytest.raises(ModelFileError, match="is incomplete"):
            list(backend.stream(Request("cut", SUM)))
        with pytest.raises(UnknownModelError, match="no GGUF file of a model 'deleted'"):
            list(backend.stream(Request("deleted", SUM)))
        assert works(backend)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not let a mapped file be cut")
@pytest.mark.slow
def test_mapped_file_that_is_cut_ends_the_reply_and_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "copy.gguf"
    shutil.copy(NANO, path)
    template = read_header(NANO).chat_template
    spec = LoadSpec((str(path),), 512, 64, 1, None, 0, mapped=True, endless=True, template=template, bos="", eos="")
    with closing(Engine()) as engine:
        job = Job(ask(max_tokens=3), ModelFile("nano", ()))
        engine.load(spec, job)
        os.truncate(path, 1_000_000)
        with pytest.raises(GenerationError, match=r"file was cut or replaced"):
            engine.reply(job.request, job)


@pytest.mark.slow
def test_what_came_before_a_crash_is_kept_and_the_next_message_is_answered(tmp_path: Path) -> None:
    before = engines()
    backend = LlamaCppBackend([NANO], endless=True)
    with closing(build(Settings(data_dir=tmp_path), {"llama.cpp": backend})) as app:
        turn = app.chat.send(None, "27 + 43 = ?", "llama.cpp:r1chat-nano")
        for reply in turn.watch():
            if len(reply.reasoning) > 20:
                break
        loaded_engine(before).kill()
        cut = turn.wait(SOON)
        assert cut.finish == "error" and "memory ran out" in str(cut.error) and len(cut.reasoning) > 20
        (stored,) = [turn.reply for turn in app.store.conversation(turn.conversation_id).turns]
        assert stored and (stored.reply.reasoning, stored.reply.finish) == (cut.reasoning, "error")
        again = app.chat.send(turn.conversation_id, "1 + 1 = ?", "llama.cpp:r1chat-nano")
        for reply in again.watch():
            if reply.reasoning:
                break
        again.stop()
        assert again.wait(SOON).finish == "stopped"


# --- processes -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_page_process_never_imports_llama_cpp_or_pandas(tmp_path: Path) -> None:
    code = """
import sys
from contextlib import closing
from r1chat.app import build
from r1chat.config import Settings
from r1chat.messages import Message, Request
from r1chat.ui import server
with closing(build(Settings(data_dir=sys.argv[1], ollama=False))) as app:
    backend, info = app.catalogue.find("llama.cpp:r1chat-nano")
    answered = list(backend.stream(Request(info.name, (Message("user", "1 + 1 = ?"),))))
    print(len(answered) > 0, {"llama_cpp", "pandas.core"} & set(sys.modules))
"""
    ran = forked.run(CODE, code, str(tmp_path), page=True)
    assert ran.stdout.split() == ["True", "set()"]


@pytest.mark.slow
@pytest.mark.parametrize("busy", [False, True])
def test_engine_ends_when_its_parent_is_killed(busy: bool) -> None:
    code = f"""
import time
from r1chat.backends.gguf import read_header
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.config import nano_model
from r1chat.messages import Message, Raw, Request
request = Request("r1chat-nano", (Message("user", "1 + 1"),))
backend = LlamaCppBackend([nano_model()], endless=True)
backend.warm(request)
events = backend.stream(request)
while {busy} and not isinstance(next(events), Raw): pass
print("ready", flush=True)
time.sleep(600)
"""
    parent = Forked(CODE, code)
    assert parent.stdout is not None and parent.stdout.readline() == "ready\n"
    children = engines(parent.pid)
    assert children
    parent.kill()
    _, alive = psutil.wait_procs(children, SOON)
    assert not alive
    parent.communicate()


@pytest.mark.slow
def test_one_engine_is_started_before_anybody_needs_it_and_takes_the_model() -> None:
    before = {process.pid for process in engines()}
    with closing(LlamaCppBackend([NANO])) as backend:
        (ahead,) = {process.pid for process in engines()} - before
        assert works(backend)
        assert {process.pid for process in engines()} - before == {ahead}
    assert {process.pid for process in engines()} == before


@pytest.mark.parametrize("ahead", [False, True])
def test_an_app_in_which_nobody_writes_to_a_model_starts_no_engine(tmp_path: Path, ahead: bool) -> None:
    before = {process.pid for process in engines()}
    settings = Settings(data_dir=tmp_path, ollama=False, find_models=False)
    with closing(build(settings, ahead=ahead)):
        assert len({process.pid for process in engines()} - before) == ahead


@pytest.mark.slow
def test_each_model_has_a_process_and_unloading_it_gives_all_its_memory_back(tmp_path: Path) -> None:
    write_micro(tmp_path / "micro.gguf")
    before = set(engines())
    with closing(LlamaCppBackend([NANO, tmp_path])) as backend:
        for name in ("r1chat-nano", "micro"):
            list(backend.stream(Request(name, SUM, params=Params(max_tokens=1))))
        processes = set(engines()) - before
        sizes = {process: process.memory_info().rss for process in processes}
        assert len(processes) == 2 and min(sizes.values()) > 5_000_000
        assert backend.unload("r1chat-nano")
        (left,) = set(engines()) - before
        assert sum(sizes.values()) - left.memory_info().rss > 0.9 * max(sizes.values())
        assert [model.name for model in backend.models() if model.loaded] == ["micro"]
        assert works(backend)


def test_model_at_work_is_not_unloaded(endless: LlamaCppBackend) -> None:
    stream = endless.stream(ask())
    received(stream, Raw)
    assert not endless.unload("r1chat-nano")
    stream.close()  # type: ignore[attr-defined]


def test_stop_takes_effect_while_the_reply_goes_on(endless: LlamaCppBackend) -> None:
    stream = endless.stream(ask())
    came = sum(event.tokens for event in received(stream, Raw, 10) if isinstance(event, Raw))
    stream.close()  # type: ignore[attr-defined]
    end = list(endless.stream(ask(max_tokens=1)))[-1]
    assert isinstance(end, Finish) and came < 4000 and end.prompt_tokens == 13


def test_terminal_signal_does_not_reach_the_engine(endless: LlamaCppBackend) -> None:
    assert works(endless)
    process = loaded_engine()
    assert os.getpgid(process.pid) != os.getpgid(0)
    process.send_signal(signal.SIGINT)
    assert works(endless) and loaded_engine().pid == process.pid


@pytest.mark.slow
def test_weights_can_be_used_where_they_lie_on_disk() -> None:
    template = read_header(NANO).chat_template
    spec = LoadSpec((str(NANO),), 512, 64, 1, None, 0, mapped=True, endless=False, template=template, bos="", eos="")
    with closing(Engine()) as engine:
        job = Job(ask(max_tokens=3), ModelFile("nano", ()))
        assert engine.load(spec, job).window == 512
        assert engine.reply(job.request, job).completion_tokens == 3


# --- messages --------------------------------------------------------------------------------------------------------


def test_errors_cross_the_channel_in_both_languages() -> None:
    error = ContextError(Both("too long", "太长"), 5, 4)
    back = unpack_error(pack_error(error)[1:])
    assert isinstance(back, ContextError) and (back.text, back.needed, back.context) == (error.text, 5, 4)
    assert type(unpack_error(["ModelFileError", "a", "b", 0, 0])) is ModelFileError


@pytest.mark.parametrize("name", ["R1ChatError", "Both", "SystemExit", "no such name"])
def test_error_that_an_engine_makes_up_is_an_ordinary_one(name: str) -> None:
    assert type(unpack_error([name, "a", "b", 0, 0])) is GenerationError
