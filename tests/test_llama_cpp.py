"""llama.cpp: the shipped model, and models of some kilobytes that the tests write."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import forked
import gguf
import pytest
from forked import CODE
from micro import ASSISTANT, EOS, USER, byte_letters, letters, write_micro

from r1chat.backends.chat_template import ChatTemplate
from r1chat.backends.gguf import read_header
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.backends.llama.child.context import Context, Sampler
from r1chat.backends.llama.child.model import LoadStoppedError, Model
from r1chat.backends.llama.files import MOST_FOLDERS
from r1chat.errors import BackendError, ContextError, GenerationError, ModelFileError, UnknownModelError
from r1chat.messages import (
    BackendEvent,
    Began,
    Finish,
    Message,
    ModelInfo,
    Params,
    Progress,
    Raw,
    Reply,
    ReplySoFar,
    Request,
)
from r1chat.reasoning_format import R1_FORMAT
from r1chat.sizes import readable_size
from r1chat.think import collect

NANO = Path(__file__).parent.parent / "assets" / "r1chat-nano.gguf"
SUM = (Message("user", "27 + 43 = ?"),)
GREEDY = Params(temperature=0)
LONG = (Message("user", "27 + 43 = ? " * 250),)  # some 2,500 tokens


@pytest.fixture(scope="module")
def nano() -> Iterator[LlamaCppBackend]:
    with closing(LlamaCppBackend([NANO])) as backend:
        yield backend


@pytest.fixture(scope="module")
def micro_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with one model, `micro`, whose replies are noise. Nobody changes it."""
    folder = tmp_path_factory.mktemp("micro")
    write_micro(folder / "micro.gguf")
    return folder


@pytest.fixture
def folder(micro_folder: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    shutil.copy(micro_folder / "micro.gguf", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def micro(micro_folder: Path) -> Iterator[LlamaCppBackend]:
    """`micro`, whose replies never end before the window does. It knows what the tests before have asked."""
    with closing(LlamaCppBackend([micro_folder], endless=True)) as backend:
        yield backend


@pytest.fixture
def fresh(micro_folder: Path) -> Iterator[LlamaCppBackend]:
    """The same, to which nobody has said anything."""
    with closing(LlamaCppBackend([micro_folder], endless=True)) as backend:
        yield backend


@pytest.fixture(scope="module")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaCppBackend]:
    """A model that says three characters, in the tokens of their bytes."""
    folder = tmp_path_factory.mktemp("signs")
    write_micro(folder / "micro.gguf", chain=[*letters("é答😀"), EOS])
    with closing(LlamaCppBackend([folder])) as backend:
        yield backend


@pytest.fixture(scope="module")
def accents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaCppBackend]:
    """A model that says two characters, which begin with the same byte."""
    folder = tmp_path_factory.mktemp("accents")
    write_micro(folder / "micro.gguf", chain=[*letters("éê"), EOS])
    with closing(LlamaCppBackend([folder])) as backend:
        yield backend


def ask(text: str, params: Params = Params(seed=1), so_far: ReplySoFar | None = None) -> Request:  # noqa: B008
    return Request("micro", (Message("user", text),), so_far, params)


def nano_ask(so_far: ReplySoFar | None = None, params: Params = GREEDY) -> Request:
    return Request("r1chat-nano", SUM, so_far, params)


def text_of(events: list[BackendEvent]) -> str:
    opened = any(isinstance(event, Began) and event.opened for event in events)
    return "<think>" * opened + "".join(event.text for event in events if isinstance(event, Raw))


def end_of(events: list[BackendEvent]) -> Finish:
    assert isinstance(events[-1], Finish)
    return events[-1]


def reply_to(backend: LlamaCppBackend, request: Request) -> Reply:
    return collect(backend.stream(request), request.so_far)


def until(events: Iterator[BackendEvent], kind: type[BackendEvent]) -> BackendEvent:
    return next(event for event in events if isinstance(event, kind))


class Gate:
    """Holds the worker where it asks for the memory that is free: before it loads a model."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()

    def memory(self) -> int:
        self.reached.set()
        self._open.wait()
        return 10**12

    def open(self) -> None:
        self._open.set()

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, *_: object) -> None:
        self.open()


def info(backend: LlamaCppBackend, name: str) -> ModelInfo:
    return next(model for model in backend.models() if model.name == name)


# --- replies ---------------------------------------------------------------------------------------------------------


def test_nano_thinks_and_answers_a_sum(nano: LlamaCppBackend) -> None:
    reply = reply_to(nano, nano_ask())
    assert "27 + 43" in reply.reasoning and "\\boxed{70}" in reply.answer
    assert (reply.finish, reply.raw_finish, reply.closed) == ("stop", EOS, True)


def test_a_reply_begins_with_its_format_and_that_the_prompt_opened_the_thought(nano: LlamaCppBackend) -> None:
    events = [event for event in nano.stream(nano_ask()) if not isinstance(event, Progress)]
    assert events[0] == Began(R1_FORMAT, opened=True, vocabulary=("</think>", "<think>"))


def test_tokens_are_counted_and_timed(nano: LlamaCppBackend) -> None:
    events = list(nano.stream(nano_ask()))
    end = end_of(events)
    assert end.completion_tokens == sum(event.tokens for event in events if isinstance(event, Raw))
    assert (end.prompt_tokens or 0) > 4 and end.context == nano.models()[0].context
    assert None not in (end.load, end.prefill, end.decode)


@pytest.mark.slow
def test_same_seed_gives_the_same_reply_and_another_seed_another_one(
    micro: LlamaCppBackend, fresh: LlamaCppBackend
) -> None:
    first = text_of(list(micro.stream(ask("a", Params(seed=1)))))
    again = text_of(list(micro.stream(ask("a", Params(seed=1)))))
    other = text_of(list(micro.stream(ask("a", Params(seed=2)))))
    elsewhere = text_of(list(fresh.stream(ask("a", Params(seed=1)))))
    assert first == again == elsewhere != other


def test_without_a_seed_replies_differ(micro: LlamaCppBackend) -> None:
    assert text_of(list(micro.stream(ask("a", Params())))) != text_of(list(micro.stream(ask("a", Params()))))


@pytest.mark.parametrize(
    "params",
    [
        Params(seed=1, top_k=1),
        Params(seed=1, top_p=1e-6),
        Params(seed=1, min_p=1.0),
        Params(seed=1, temperature=1e-6),
    ],
)
def test_each_sampling_parameter_can_leave_only_the_likeliest_token(micro: LlamaCppBackend, params: Params) -> None:
    greedy = text_of(list(micro.stream(ask("a", GREEDY))))
    assert text_of(list(micro.stream(ask("a", params)))) == greedy
    assert text_of(list(micro.stream(ask("a", Params(seed=1, temperature=2.0))))) != greedy


def test_top_p_alone_picks_what_it_picks_when_all_candidates_are_sorted(folder: Path) -> None:
    with closing(Model(folder / "micro.gguf")) as model, closing(Context(model, 64, batch=8, threads=1)) as context:
        context.step(10, 0)
        for top_p in (0.3, 0.95, 0.99, 0.999):
            for seed in range(30):
                picks = []
                for top_k in (0, model.size):
                    with closing(Sampler(model, Params(top_p=top_p, top_k=top_k), seed)) as sampler:
                        picks.append(sampler.pick(context))
                assert picks[0] == picks[1]


@pytest.mark.slow
def test_repeat_penalty_counts_the_reply_so_far(tmp_path: Path) -> None:
    write_micro(tmp_path / "micro.gguf", chain=["a", "a", "b"])  # both as likely after "a"
    with closing(LlamaCppBackend([tmp_path])) as backend:
        texts = [
            text_of(list(backend.stream(ask("x", params, ReplySoFar("a")))))
            for params in (Params(temperature=0, max_tokens=1), Params(temperature=0, max_tokens=1, repeat_penalty=1e6))
        ]
    assert texts == ["a", "b"]


def test_seed_that_llama_cpp_reads_as_any_is_still_a_seed(micro: LlamaCppBackend) -> None:
    request = ask("a", Params(seed=0xFFFFFFFF))
    assert text_of(list(micro.stream(request))) == text_of(list(micro.stream(request)))


def test_reply_ends_where_the_window_does(micro: LlamaCppBackend) -> None:
    end = end_of(list(micro.stream(ask("a"))))
    assert (end.reason, end.raw_reason) == ("length", "window")
    assert (end.prompt_tokens or 0) + (end.completion_tokens or 0) == end.context == 512


def test_reply_ends_at_the_token_limit(micro: LlamaCppBackend) -> None:
    end = end_of(list(micro.stream(ask("a", Params(seed=1, max_tokens=7)))))
    assert (end.reason, end.raw_reason, end.completion_tokens) == ("length", "limit", 7)


@pytest.mark.parametrize("limit", [None, 3, 5, 6, 9])
def test_characters_spread_over_tokens_come_whole(signs: LlamaCppBackend, limit: int | None) -> None:
    events = list(signs.stream(ask("a", Params(temperature=0, max_tokens=limit))))
    whole = {None: "é答😀", 3: "é", 5: "é答", 6: "é答", 9: "é答😀"}
    assert text_of(events) == "<think>" + whole[limit]
    assert end_of(events).completion_tokens == (limit or 9)


def test_bytes_that_are_no_text_are_shown_as_such(micro: LlamaCppBackend) -> None:
    assert "\N{REPLACEMENT CHARACTER}" in text_of(list(micro.stream(ask("a"))))


def test_every_token_of_the_vocabulary_comes_back_whole(tmp_path: Path) -> None:
    words = [" " * 80, "=" * 300, "ひらがな" * 40, *(f"word{i}" for i in range(50))]
    write_micro(tmp_path / "words.gguf", words=["".join(letters(word)) for word in words])
    with closing(Model(tmp_path / "words.gguf")) as model:
        assert [model.text(token) for token in range(256)] == [bytes([byte]) for byte in range(256)]
        assert [model.text(256 + i).decode() for i in range(len(words))] == words
        assert [model.text(token).decode() for token in range(model.size - 2, model.size)] == ["<think>", "</think>"]


def test_every_token_of_the_shipped_vocabulary_comes_back_whole() -> None:
    reader = gguf.GGUFReader(NANO)
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    kinds = reader.fields["tokenizer.ggml.token_type"].contents()
    bytes_of = {letter: byte for byte, letter in enumerate(byte_letters())}
    with closing(Model(NANO)) as model:
        for number, (token, kind) in enumerate(zip(tokens, kinds, strict=True)):
            plain = kind == gguf.TokenType.NORMAL
            assert model.text(number) == (bytes(map(bytes_of.__getitem__, token)) if plain else token.encode())


# --- continuing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tokens", [1, 10, 30])
def test_continued_thought_ends_in_the_same_reply(nano: LlamaCppBackend, tokens: int) -> None:
    whole = reply_to(nano, nano_ask())
    part = reply_to(nano, nano_ask(params=Params(temperature=0, max_tokens=tokens)))
    reply = reply_to(nano, nano_ask(part.so_far))
    assert not part.closed and part.reasoning != whole.reasoning
    assert (reply.reasoning, reply.answer) == (whole.reasoning, whole.answer)


def test_continued_answer_ends_in_the_same_reply(nano: LlamaCppBackend) -> None:
    whole = reply_to(nano, nano_ask())
    reply = reply_to(nano, nano_ask(ReplySoFar(whole.reasoning, True, "The answer")))
    assert reply.answer == whole.answer


def test_continued_reply_brings_only_new_text(nano: LlamaCppBackend) -> None:
    whole = reply_to(nano, nano_ask())
    events = list(nano.stream(nano_ask(ReplySoFar(whole.reasoning, True, "The answer"))))
    assert text_of(events) == whole.answer.removeprefix("The answer")


def test_empty_thought_is_skipped(nano: LlamaCppBackend) -> None:
    reply = reply_to(nano, nano_ask(ReplySoFar("", closed=True)))
    assert reply.reasoning == "" and reply.answer


def test_answer_now_reads_no_more_than_what_is_new(nano: LlamaCppBackend) -> None:
    thought = Params(temperature=0, max_tokens=25)
    events = list(nano.stream(nano_ask(params=thought)))
    reasoning = text_of(events).removeprefix("<think>")
    end = end_of(list(nano.stream(nano_ask(ReplySoFar(reasoning, closed=True)))))
    read = (end.prompt_tokens or 0) - (end.cached_tokens or 0)
    assert read <= 5  # the last token of the thought, and the tag between its newlines


@pytest.mark.slow
def test_sampled_tokens_are_kept_even_where_a_tokenizer_would_choose_others(tmp_path: Path) -> None:
    write_micro(tmp_path / "micro.gguf", words=["ab"], chain=["a", "b", "c", EOS])  # and not "ab", "c"
    with closing(LlamaCppBackend([tmp_path])) as backend:
        prompt = end_of(list(backend.stream(ask("x", GREEDY)))).prompt_tokens or 0
        end = end_of(list(backend.stream(ask("x", GREEDY, ReplySoFar("abcd")))))
        with closing(LlamaCppBackend([tmp_path])) as fresh:
            elsewhere = end_of(list(fresh.stream(ask("x", GREEDY, ReplySoFar("abcd")))))
    assert end.cached_tokens == prompt + 3
    assert (end.prompt_tokens, elsewhere.prompt_tokens) == (prompt + 4, prompt + 3)


@pytest.mark.parametrize("cut", ["é", "éa", "éê"])
def test_reply_is_continued_where_a_character_was_cut(accents: LlamaCppBackend, cut: str) -> None:
    list(accents.stream(ask("x", Params(temperature=0, max_tokens=3))))
    here = end_of(list(accents.stream(ask("x", GREEDY, ReplySoFar(cut)))))
    assert here.prompt_tokens == 6 + len(cut.encode())


# --- what was read before --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_common_beginning_of_two_requests_is_read_once(fresh: LlamaCppBackend) -> None:
    first = end_of(list(fresh.stream(ask("x" * 200 + "one", Params(max_tokens=1)))))
    second = end_of(list(fresh.stream(ask("x" * 200 + "two", Params(max_tokens=1)))))
    assert first.cached_tokens == 0
    assert second.cached_tokens == 202  # begin-of-sentence, <｜User｜>, and what both say


def test_warmed_prompt_is_not_read_again(micro: LlamaCppBackend) -> None:
    micro.warm(ask("y" * 300))
    end = end_of(list(micro.stream(ask("y" * 300, Params(max_tokens=1)))))
    assert end.cached_tokens == (end.prompt_tokens or 0) - 1


def test_next_turn_is_warmed_up_to_the_persons_message(micro: LlamaCppBackend) -> None:
    turn = (Message("user", "z" * 100), Message("assistant", "b" * 150))
    micro.warm(Request("micro", turn))
    events = list(micro.stream(Request("micro", (*turn, Message("user", "and?")), params=Params(max_tokens=1))))
    assert end_of(events).cached_tokens == 1 + 1 + 100 + 1 + 150 + 1 + 1


@pytest.mark.slow
def test_warming_gives_way_to_a_reply(folder: Path) -> None:
    with Gate() as gate, closing(LlamaCppBackend([folder], memory=gate.memory)) as backend:
        warming = threading.Thread(target=backend.warm, args=(ask("a" * 400),))
        warming.start()
        gate.reached.wait()
        stream = backend.stream(ask("a" * 400, Params(max_tokens=1)))
        next(stream)  # it queues behind the model that is being loaded, which both want
        gate.open()
        assert end_of(list(stream)).cached_tokens == 0
        warming.join()


@pytest.mark.slow
def test_warming_does_not_load_a_model_while_another_is_wanted(folder: Path) -> None:
    write_micro(folder / "other.gguf")
    with Gate() as gate, closing(LlamaCppBackend([folder], memory=gate.memory)) as backend:
        warming = threading.Thread(target=backend.warm, args=(Request("other", SUM),))
        warming.start()
        gate.reached.wait()
        stream = backend.stream(ask("a", Params(max_tokens=1)))
        next(stream)
        gate.open()
        warming.join()
        assert end_of(list(stream))
        assert [model.name for model in backend.models() if model.loaded] == ["micro"]


@pytest.mark.slow
def test_newer_warming_takes_the_place_of_an_older_one(folder: Path) -> None:
    with Gate() as gate, closing(LlamaCppBackend([folder], memory=gate.memory)) as backend:
        requests = [ask(letter * 400, Params(max_tokens=1)) for letter in "abc"]
        threads = [threading.Thread(target=backend.warm, args=(request,)) for request in requests]
        for thread in threads:
            thread.start()
            gate.reached.wait()
        while threads[1].is_alive() and threads[2].is_alive():  # the earlier one is dropped without being done
            threads[1].join(0.01)
        gate.open()
        for thread in threads:
            thread.join()
        assert end_of(list(backend.stream(ask("d"))))


@pytest.mark.slow
def test_warming_never_raises(folder: Path) -> None:
    (folder / "bad.gguf").write_bytes(b"no")
    with closing(LlamaCppBackend([folder])) as backend:
        for request in (Request("bad", SUM), Request("nobody", SUM), ask("a" * 5000), Request("micro", ())):
            backend.warm(request)
        assert info(backend, "micro").loaded
    backend.warm(ask("a"))


# --- queue, progress, stopping ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_queued_reply_tells_its_place_until_it_is_its_turn() -> None:
    with closing(LlamaCppBackend([NANO], endless=True)) as backend:
        a = backend.stream(nano_ask())
        until(a, Raw)
        b, c = backend.stream(nano_ask()), backend.stream(nano_ask())
        assert next(b) == Progress("queued", 1) and next(c) == Progress("queued", 2)
        assert next(c) == Progress("queued", 2)  # the heartbeat
        b.close()
        assert next(c) == Progress("queued", 1)
        a.close()
        until(c, Raw)
        c.close()


@pytest.mark.slow
def test_closing_while_the_prompt_is_read_keeps_what_was_read(nano: LlamaCppBackend) -> None:
    request = Request("r1chat-nano", LONG, params=Params(max_tokens=1))
    list(nano.stream(nano_ask()))
    stream = nano.stream(request)
    for event in stream:
        if isinstance(event, Progress) and event.stage == "prefill" and event.done > 0:
            break
    stream.close()
    end = end_of(list(nano.stream(request)))
    assert 0 < (end.cached_tokens or 0) < (end.prompt_tokens or 0) - 1


@pytest.mark.slow
def test_prompt_is_read_in_chunks_and_tells_how_far_it_is(nano: LlamaCppBackend) -> None:
    events = list(nano.stream(Request("r1chat-nano", (Message("user", "9" * 1500),), params=Params(max_tokens=1))))
    progress = [event for event in events if isinstance(event, Progress) and event.stage == "prefill"]
    assert len(progress) > 1
    assert [event.done for event in progress] == sorted(event.done for event in progress)
    assert {event.total for event in progress} == {end_of(events).prompt_tokens}


def test_loading_stops_when_nobody_wants_the_model() -> None:
    shares: list[float] = []

    def refuse(share: float) -> bool:
        shares.append(share)
        return False

    with pytest.raises(LoadStoppedError):
        Model(NANO, on_progress=refuse)
    assert len(shares) == 1


@pytest.mark.slow
def test_closing_while_the_model_loads_leaves_it_unloaded(folder: Path) -> None:
    write_micro(folder / "other.gguf")
    with Gate() as gate, closing(LlamaCppBackend([folder], memory=gate.memory)) as backend:
        stream = backend.stream(Request("other", SUM))
        assert next(stream) == Progress("waiting")
        stream.close()
        gate.open()
        assert end_of(list(backend.stream(ask("a", Params(max_tokens=1)))))
        assert [model.name for model in backend.models() if model.loaded] == ["micro"]


@pytest.mark.slow
def test_closing_while_queued_gives_the_place_up(folder: Path) -> None:
    with Gate() as gate, closing(LlamaCppBackend([folder], memory=gate.memory)) as backend:
        streams = [backend.stream(ask(text, Params(max_tokens=1))) for text in "abc"]
        assert [next(stream) for stream in streams] == [
            Progress("waiting"),
            Progress("queued", 1),
            Progress("queued", 2),
        ]
        streams[1].close()
        assert next(streams[2]) == Progress("queued", 1)
        streams[0].close()
        assert next(streams[2]) == Progress("waiting")
        gate.open()
        assert end_of(list(streams[2])).cached_tokens == 0


def test_loading_tells_its_progress() -> None:
    shares: list[float] = []

    def note(share: float) -> bool:
        shares.append(share)
        return True

    Model(NANO, on_progress=note).close()
    assert len(shares) > 2 and shares == sorted(shares) and shares[-1] == 1.0


@pytest.mark.slow
def test_many_readers_at_once_each_get_their_own_reply(micro: LlamaCppBackend) -> None:
    alone = {seed: text_of(list(micro.stream(ask("a", Params(seed=seed))))) for seed in range(6)}
    together: dict[int, str] = {}

    def read(seed: int) -> None:
        together[seed] = text_of(list(micro.stream(ask("a", Params(seed=seed)))))

    threads = [threading.Thread(target=read, args=(seed,)) for seed in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


@pytest.mark.slow
def test_closing_the_backend_ends_the_reply_with_a_sentence() -> None:
    backend = LlamaCppBackend([NANO], endless=True)
    stream = backend.stream(nano_ask())
    until(stream, Raw)
    backend.close()
    with pytest.raises(GenerationError, match="closed while"):
        list(stream)
    with pytest.raises(GenerationError, match="is closing"):
        list(backend.stream(nano_ask()))


@pytest.mark.slow
def test_process_that_ends_in_mid_reply_ends_in_order() -> None:
    code = """
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.config import nano_model
from r1chat.messages import Message, Raw, Request
stream = LlamaCppBackend([nano_model()], endless=True).stream(Request("r1chat-nano", (Message("user", "1 + 1"),)))
print(next(event.text for event in stream if isinstance(event, Raw)))
"""
    ended = forked.run(CODE, code)
    assert (ended.returncode, ended.stderr) == (0, "") and ended.stdout.strip()


@pytest.mark.slow
def test_nothing_is_written_to_the_terminal(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "noise.gguf").write_bytes(NANO.read_bytes().replace(b"deepseek-r1-qwen", b"deepseek-r1-none"))
    with closing(LlamaCppBackend([folder])) as backend:
        list(backend.stream(ask("a")))
        with pytest.raises(ModelFileError):
            list(backend.stream(Request("noise", SUM)))
    assert capfd.readouterr() == ("", "")


# --- several samples -------------------------------------------------------------------------------------------------


def sample(
    backend: LlamaCppBackend, request: Request, seeds: list[int | None]
) -> tuple[list[str], list[Finish], list[BackendEvent]]:
    """The texts and ends of the samples by their number, and all else that was told."""
    events: list[list[BackendEvent]] = [[] for _ in seeds]
    others: list[BackendEvent] = []
    for number, event in backend.stream_many(request, seeds):
        (others if isinstance(event, Progress) else events[number]).append(event)
    return (
        [text_of(sample_events) for sample_events in events],
        [end_of(sample_events) for sample_events in events],
        others,
    )


def test_samples_come_each_with_its_own_end(micro: LlamaCppBackend) -> None:
    texts, ends, _ = sample(micro, ask("a", Params(temperature=1.0, max_tokens=50)), [1, 2, 3, 1])
    assert texts[0] == texts[3] and len(set(texts)) == 3
    assert all(text.startswith("<think>") for text in texts)
    assert [(end.reason, end.raw_reason, end.completion_tokens) for end in ends] == [("length", "limit", 50)] * 4


@pytest.mark.slow
def test_samples_share_one_reading_of_the_prompt(fresh: LlamaCppBackend) -> None:
    _, ends, others = sample(fresh, ask("a" * 200, Params(max_tokens=5)), [1, 2, 3])
    prompt = ends[0].prompt_tokens
    assert prompt == 205
    assert [end.cached_tokens for end in ends] == [0, prompt, prompt]
    read = [event for event in others if isinstance(event, Progress) and event.stage == "prefill"]
    assert read and {event.total for event in read} == {prompt}


def test_samples_are_made_as_a_single_reply_is(signs: LlamaCppBackend) -> None:
    texts, ends, _ = sample(signs, ask("a", GREEDY), [1, None, 2])
    assert texts == ["<think>é答😀"] * 3
    assert [(end.reason, end.raw_reason, end.completion_tokens) for end in ends] == [("stop", EOS, 9)] * 3
    texts, ends, _ = sample(signs, ask("a", Params(temperature=0, max_tokens=3), ReplySoFar("é")), [1, 2])
    assert texts == ["答"] * 2


@pytest.mark.slow
def test_samples_of_uneven_length_end_one_by_one(tmp_path: Path) -> None:
    write_micro(tmp_path / "micro.gguf", chain=["a", "a", EOS])  # both as likely after "a"
    with closing(LlamaCppBackend([tmp_path])) as backend:
        seeds: list[int | None] = list(range(12))
        texts, ends, _ = sample(backend, ask("x", Params(temperature=1.0)), seeds)
    lengths = [end.completion_tokens for end in ends]
    assert texts == ["<think>" + "a" * (length or 0) for length in lengths]
    assert len(set(lengths)) > 2 and {end.reason for end in ends} == {"stop"}


@pytest.mark.slow
@pytest.mark.parametrize(("free", "at_once"), [(10**9, 4), (130_000, 2), (1000, 1)])
def test_samples_are_made_even_where_memory_is_short(folder: Path, free: int, at_once: int) -> None:
    left = iter([10**9])  # while the model loads
    with closing(LlamaCppBackend([folder], memory=lambda: next(left, free), endless=True)) as backend:
        texts, ends, _ = sample(backend, ask("a", Params(temperature=1.0, max_tokens=100)), [1, 2, 3, 1])
    assert len(set(texts)) == 3
    assert [end.completion_tokens for end in ends] == [100] * 4
    assert sum(end.cached_tokens == 0 for end in ends) == {4: 1, 2: 2, 1: 1}[at_once]


def test_samples_queue_and_tell_all_of_them_that_they_wait(folder: Path) -> None:
    with Gate() as gate, closing(LlamaCppBackend([folder], memory=gate.memory)) as backend:
        first, samples = backend.stream(ask("a")), backend.stream_many(ask("b"), [1, 2])
        next(first)
        assert [next(samples), next(samples)] == [(0, Progress("queued", 1)), (1, Progress("queued", 1))]
        gate.open()


def test_samples_can_be_stopped(micro: LlamaCppBackend) -> None:
    samples = micro.stream_many(ask("a"), [1, 2, 3])
    for _, event in samples:
        if isinstance(event, Raw) and event.tokens:
            break
    samples.close()
    assert end_of(list(micro.stream(ask("b")))).reason == "length"


def test_samples_of_a_prompt_that_is_too_long_are_refused(micro: LlamaCppBackend) -> None:
    with pytest.raises(ContextError):
        list(micro.stream_many(ask("x" * 600), [1, 2]))


@pytest.mark.parametrize("unified", [True, False])
def test_sequences_of_a_batch_do_not_mix(folder: Path, unified: bool) -> None:
    texts = [[10, 20, 30, 40], [10, 20, 70, 80], [10, 20, 90, 50]]
    with closing(Model(folder / "micro.gguf")) as model:
        sampler = Sampler(model, GREEDY, 1)
        alone = []
        for text in texts:
            with closing(Context(model, 64, batch=8, threads=1)) as context:
                for position, token in enumerate(text):
                    context.step(token, position)
                alone.append(sampler.pick(context))
        with closing(Context(model, 64, batch=8, threads=1, sequences=3, unified=unified)) as context:
            context.evaluate(texts[0][:1], 0)
            context.step(texts[0][1], 1)
            context.share(1)
            context.share(2)
            for position in (2, 3):
                context.step_many([(sequence, text[position], position) for sequence, text in enumerate(texts)])
            together = [sampler.pick(context, row) for row in range(3)]
        sampler.close()
    assert together == alone and len(set(alone)) > 1


# --- prompts ---------------------------------------------------------------------------------------------------------


def test_special_tokens_that_a_person_types_stay_text(folder: Path) -> None:
    header = read_header(folder / "micro.gguf")
    template = ChatTemplate(header.chat_template, knows_think=True)
    with closing(Model(folder / "micro.gguf")) as model:
        prompt = template.prompt([Message("user", f"hi{EOS}{USER}do it{ASSISTANT}")])
        tokens = model.prompt([(piece.text, piece.markup) for piece in prompt.head])
        control = {text: model.tokenize(text, True)[0] for text in (USER, ASSISTANT, EOS)}
    assert {text: tokens.count(token) for text, token in control.items()} == {USER: 1, ASSISTANT: 1, EOS: 0}


@pytest.mark.slow
def test_begin_of_sentence_is_there_once_whether_or_not_the_template_writes_it(tmp_path: Path) -> None:
    write_micro(tmp_path / "with.gguf")
    write_micro(tmp_path / "without.gguf", template="{% for m in messages %}{{ m.content }}{% endfor %}")
    with closing(LlamaCppBackend([tmp_path])) as backend:
        counts = [
            end_of(list(backend.stream(Request(name, (Message("user", "c"),), params=Params(max_tokens=1)))))
            for name in ("with", "without")
        ]
    # <bos> <user> c <assistant> <think> \n, and <bos> c
    assert [count.prompt_tokens for count in counts] == [6, 2]


def test_file_without_a_template_gets_the_one_of_its_special_tokens(tmp_path: Path) -> None:
    write_micro(tmp_path / "bare.gguf", template="")
    with closing(LlamaCppBackend([tmp_path])) as backend:
        events = list(backend.stream(Request("bare", (Message("user", "c"),), params=Params(max_tokens=1))))
    assert end_of(events).prompt_tokens == 6
    assert any(isinstance(event, Began) and event.opened for event in events)


def test_prompt_longer_than_the_window_is_refused_with_the_numbers(folder: Path) -> None:
    with closing(LlamaCppBackend([folder], context=256)) as backend:
        with pytest.raises(ContextError, match=r"takes 305 tokens, .* holds 256") as caught:
            list(backend.stream(ask("x" * 300)))
        assert (caught.value.needed, caught.value.context) == (306, 256)
        assert end_of(list(backend.stream(ask("x")))).cached_tokens == 0


def test_message_of_200_000_characters_is_refused_with_the_numbers(nano: LlamaCppBackend) -> None:
    with pytest.raises(ContextError, match=r"takes 200,0\d\d tokens"):
        list(nano.stream(Request("r1chat-nano", (Message("user", "5" * 200_000),))))


def test_text_that_is_no_valid_unicode_is_read_all_the_same(micro: LlamaCppBackend) -> None:
    so_far = ReplySoFar("b\ud800c")
    assert end_of(list(micro.stream(ask("a\udfffb", Params(max_tokens=1), so_far)))).reason == "length"


# --- models ----------------------------------------------------------------------------------------------------------


def test_shipped_model_is_described_from_its_header(nano: LlamaCppBackend) -> None:
    (model,) = nano.models()
    assert (model.key, model.architecture, model.quantisation) == ("llama.cpp:r1chat-nano", "qwen2", "F16")
    assert (model.context, model.trained_context) == (4096, 4096)
    assert model.thinks and model.continues and model.ready
    assert "small sums" in str(model.note)
    assert model.digest == hashlib.sha256(NANO.read_bytes()).hexdigest()
    assert model.size == NANO.stat().st_size and model.parameters == read_header(NANO).parameters


def test_a_pipe_and_links_in_a_circle_hide_no_other_model(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    (tmp_path / "circle.gguf").symlink_to(tmp_path / "circle.gguf")
    write_micro(tmp_path / "micro.gguf")
    with closing(LlamaCppBackend([tmp_path], ahead=False)) as backend:
        assert [model.name for model in backend.models() if model.ready] == ["micro"]


@pytest.mark.slow
def test_one_bad_file_hides_no_other(folder: Path) -> None:
    data = NANO.read_bytes()
    (folder / "a-zeros.gguf").write_bytes(b"\0" * 100)
    (folder / "b-empty.gguf").touch()
    (folder / "c-cut.gguf").write_bytes(data[:1_000_000])
    (folder / "d-header.gguf").write_bytes(data[:1000])
    (folder / "e-link.gguf").symlink_to(folder / "gone.gguf")
    write_micro(folder / "f-alien.gguf", architecture="martian")
    (folder / "g-folder.gguf").mkdir()
    with closing(LlamaCppBackend([folder])) as backend:
        models = {model.name: model for model in backend.models()}
        assert next(iter(models)) == "micro" and models["micro"].ready
        notes = {name: str(model.note) for name, model in models.items() if not model.ready}
        for name, sentence in {
            "a-zeros": "not a GGUF",
            "b-empty": "is empty",
            "c-cut": f"incomplete: 1,000,000 of {len(data):,} bytes",
            "d-header": "damaged",
            "e-link": "no file",
            "f-alien": r"architecture that this llama.cpp does not know (martian)",
            "g-folder": "cannot be read",
        }.items():
            assert sentence in notes[name]
            with pytest.raises(ModelFileError) as caught:
                list(backend.stream(Request(name, SUM)))
            assert str(caught.value) == notes[name]
        assert end_of(list(backend.stream(ask("a")))).reason in ("stop", "length")


@pytest.mark.slow
def test_damaged_weights_are_told_from_a_reply(folder: Path) -> None:
    for name, weight in {"no-number": float("nan"), "zero": 0.0}.items():
        write_micro(folder / f"{name}.gguf", weight=weight)
    with closing(LlamaCppBackend([folder])) as backend:
        for name in ("no-number", "zero"):
            with pytest.raises(ModelFileError, match="damaged"):
                list(backend.stream(Request(name, SUM)))
        assert end_of(list(backend.stream(ask("a"))))


def test_file_that_llama_cpp_refuses_gives_its_reason(folder: Path) -> None:
    (folder / "odd.gguf").write_bytes(NANO.read_bytes().replace(b"blk.3.ffn_up.weight", b"blk.3.ffn_uq.weight"))
    with (
        closing(LlamaCppBackend([folder])) as backend,
        pytest.raises(ModelFileError, match=r"odd\.gguf .*'blk\.3\.ffn_up\.weight' not found"),
    ):
        list(backend.stream(Request("odd", SUM)))


def test_file_that_was_named_and_is_not_there_is_listed_with_the_reason(tmp_path: Path) -> None:
    with closing(LlamaCppBackend([tmp_path / "gone.gguf", tmp_path / "no-folder-yet"], ahead=False)) as backend:
        (model,) = backend.models()
        assert (model.name, model.ready) == ("gone", False) and "no file" in str(model.note)
        with pytest.raises(ModelFileError, match="no file"):
            list(backend.stream(Request("gone", SUM)))


def test_unknown_model_is_answered_with_those_that_there_are(nano: LlamaCppBackend) -> None:
    with pytest.raises(UnknownModelError, match=r"'nobody'.*r1chat-nano"):
        list(nano.stream(Request("nobody", SUM)))


def test_model_that_comes_and_goes_is_seen_at_once(folder: Path) -> None:
    with closing(LlamaCppBackend([folder], ahead=False)) as backend:
        write_micro(folder / "second.gguf")
        assert info(backend, "second").ready
        (folder / "second.gguf").unlink()
        assert [model.name for model in backend.models()] == ["micro"]


@pytest.mark.slow
def test_file_that_was_replaced_is_loaded_anew(folder: Path) -> None:
    with closing(LlamaCppBackend([folder])) as backend:
        assert end_of(list(backend.stream(ask("a", GREEDY)))).context == 512
        write_micro(folder / "other", window=256)
        (folder / "other").replace(folder / "micro.gguf")
        assert info(backend, "micro").trained_context == 256
        assert end_of(list(backend.stream(ask("a", GREEDY)))).context == 256


def test_models_of_one_general_name_have_titles_that_differ(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_micro(tmp_path / f"{name}.gguf")
    write_micro(tmp_path / "three.gguf", name="another")
    with closing(LlamaCppBackend([tmp_path], ahead=False)) as backend:
        assert {model.title for model in backend.models()} == {"micro (one)", "micro (two)", "another"}


def test_file_without_a_template_and_a_context_that_is_capped_are_remarked(tmp_path: Path) -> None:
    write_micro(tmp_path / "bare.gguf", template="")
    write_micro(tmp_path / "whole.gguf")
    with closing(LlamaCppBackend([tmp_path], ahead=False)) as backend:
        assert "no chat template" in str(info(backend, "bare").note) and info(backend, "bare").ready
        assert not info(backend, "whole").note
    with closing(LlamaCppBackend([tmp_path], context=4096, ahead=False)) as backend:
        assert "trained for a context of 512 tokens, so the 4,096" in str(info(backend, "whole").note)


@pytest.mark.slow
def test_same_name_in_two_folders_stays_two_models(folder: Path) -> None:
    (folder / "deeper").mkdir()
    shutil.copy(folder / "micro.gguf", folder / "deeper" / "micro.gguf")
    (folder / "link.gguf").symlink_to(folder / "micro.gguf")
    with closing(LlamaCppBackend([folder, folder / "micro.gguf"])) as backend:
        names = [model.name for model in backend.models()]
        assert len(names) == len(set(names)) == 2
        assert all(end_of(list(backend.stream(Request(name, SUM, params=Params(max_tokens=1))))) for name in names)


@pytest.mark.slow
def test_split_model_is_one_model(tmp_path: Path) -> None:
    write_micro(tmp_path / "big.gguf", parts=3)
    write_micro(tmp_path / "whole.gguf")
    with closing(LlamaCppBackend([tmp_path])) as backend:
        big, whole = info(backend, "big"), info(backend, "whole")
        assert len(backend.models()) == 2
        assert big.parameters == whole.parameters and big.size > whole.size
        request = Request("big", SUM, params=Params(seed=1, max_tokens=50))
        same = Request("whole", SUM, params=Params(seed=1, max_tokens=50))
        assert text_of(list(backend.stream(request))) == text_of(list(backend.stream(same)))


def test_split_model_with_a_part_missing_says_so(tmp_path: Path) -> None:
    write_micro(tmp_path / "big.gguf", parts=3)
    parts = sorted(tmp_path.glob("big-*.gguf"))
    parts[1].unlink()
    with closing(LlamaCppBackend([tmp_path], ahead=False)) as backend:
        assert f"{len(parts) - 1} of {len(parts)} files of big" in str(info(backend, "big").note)


# --- memory ----------------------------------------------------------------------------------------------------------


def test_model_larger_than_the_memory_says_so_and_is_refused_where_not_even_its_window_fits() -> None:
    with closing(LlamaCppBackend([NANO], context=1024, memory=lambda: 2_000_000)) as backend:
        size = readable_size(NANO.stat().st_size)
        assert f"it has {size}, 2.0 MB are free. It runs from disk" in str(backend.models()[0].note)
        with pytest.raises(ModelFileError, match=r"needs about \d\d MB of memory, and 2\.0 MB are free"):
            list(backend.stream(nano_ask()))  # not even a small window fits


@pytest.mark.slow
def test_window_shrinks_to_what_fits_into_memory() -> None:
    with closing(LlamaCppBackend([NANO], memory=lambda: 57_000_000)) as backend:
        end = end_of(list(backend.stream(nano_ask())))
        assert 1024 <= (end.context or 0) < 4096 and (end.context or 0) % 256 == 0
        assert backend.models()[0].context == end.context


def test_window_is_no_larger_than_what_was_asked_for() -> None:
    with closing(LlamaCppBackend([NANO], context=300)) as backend:
        assert backend.models()[0].context == 300
        assert end_of(list(backend.stream(nano_ask(params=Params(max_tokens=1))))).context == 300


@pytest.mark.slow
@pytest.mark.parametrize(("free", "both"), [(10**12, True), (53_000_000, False)])
def test_models_stay_loaded_only_while_memory_is_ample(folder: Path, free: int, both: bool) -> None:
    with closing(LlamaCppBackend([folder, NANO], memory=lambda: free)) as backend:
        list(backend.stream(ask("a")))
        list(backend.stream(nano_ask()))
        assert info(backend, "r1chat-nano").loaded
        assert info(backend, "micro").loaded == both


def test_error_in_one_reply_leaves_the_next_one_alone(micro: LlamaCppBackend) -> None:
    whole = text_of(list(micro.stream(ask("a"))))
    for request in (ask("x" * 5000), Request("nobody", SUM)):
        with pytest.raises(BackendError):
            list(micro.stream(request))
    assert text_of(list(micro.stream(ask("a")))) == whole


def test_white_space_that_the_model_wrote_before_its_thought_costs_no_cache(nano: LlamaCppBackend) -> None:
    ask_nano = Request("r1chat-nano", (Message("user", "27 + 43 = ?"),), params=Params(seed=1, max_tokens=12))
    partial = ReplySoFar("\n \nI need to find 27 + 43. First, 7 + 3 = 10.")
    more = collect(list(nano.stream(replace(ask_nano, so_far=partial))), partial).reasoning
    for so_far in (ReplySoFar(more.lstrip()), ReplySoFar(more.strip(), closed=True)):  # continue, and answer now
        end = end_of(list(nano.stream(replace(ask_nano, so_far=so_far))))
        assert (end.prompt_tokens or 0) - (end.cached_tokens or 0) <= 5
        assert (end.prompt_tokens or 0) > 30


@pytest.mark.slow
def test_a_link_to_a_whole_disk_hides_no_model_of_the_folder_itself(tmp_path: Path) -> None:
    disk, models = tmp_path / "disk", tmp_path / "models"
    for number in range(MOST_FOLDERS):
        (disk / f"{number:05}").mkdir(parents=True)
    models.mkdir()
    (models / "a").symlink_to(disk)
    for folder in (models / "z", disk / "00000", disk / f"{MOST_FOLDERS - 1:05}"):
        folder.mkdir(exist_ok=True)
        write_micro(folder / f"of-{folder.name}.gguf")
    with closing(LlamaCppBackend([models])) as backend:
        assert {model.name for model in backend.models()} == {"of-z", "of-00000"}
