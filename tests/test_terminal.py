"""Talking in a terminal: a scripted model where words matter, a real pseudo-terminal where keys do."""

import io
import os
import pty
import re
import select
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from forked import Forked
from replay import Replay
from test_cli import DEADLINE, ROOT, WORDS, kept, server_that_says

from r1chat.app import App, build
from r1chat.backends.scripted import Script, ScriptedBackend
from r1chat.cli.screen import Screen
from r1chat.cli.talk import Talk
from r1chat.cli.terminal import ask, begin, converse, remark_on
from r1chat.config import load
from r1chat.errors import GenerationError, NotFoundError
from r1chat.messages import Finish, LaterThought, Progress, Reply, Request

THOUGHT = ["<think>", "\n7 + 3", " is 10.", "\n</think>\n\n", "It is ", "10."]
DIM, PLAIN = "\x1b[2m", "\x1b[22m"


class Terminal(io.StringIO):
    """A stream that says that a person looks at it."""

    def isatty(self) -> bool:
        return True


@contextmanager
def scripted(tmp_path: Path, script: Callable[[Request], Script] | Script = THOUGHT) -> Iterator[App]:
    play = script if callable(script) else lambda _request: script
    backend = ScriptedBackend(play, model_names=("one", "two"))
    with closing(build(load(data_dir=tmp_path / "data"), {"scripted": backend})) as app:
        yield app


def conversation(app: App, *lines: str) -> tuple[str, str]:
    """What stdout and stderr show after a person has typed these lines and left."""
    out, err = io.StringIO(), io.StringIO()
    screen = Screen(out, err)
    typed = iter(lines)

    def read(prompt: str) -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    assert converse(begin(app, screen, None, latest=False, model_named=False), screen, read) == 0
    return out.getvalue(), err.getvalue()


# --- on the screen ---------------------------------------------------------------------------------------------------


def shown(*replies: Reply, out: io.StringIO | None = None, err: io.StringIO | None = None) -> tuple[str, str]:
    out, err = out or io.StringIO(), err or io.StringIO()
    screen = Screen(out, err)
    for reply in replies:
        screen.show(reply)
    screen.end()
    return out.getvalue(), err.getvalue()


AGAIN = (LaterThought(len("Two and two.\n\n"), len("It is 4.")),)
THINKS_AGAIN = (
    Reply(reasoning="Two and"),
    Reply(reasoning="Two and two.", answer="It is", closed=True),
    Reply(reasoning="Two and two.\n\nWait,", answer="It is 4.", later=AGAIN),
    Reply(reasoning="Two and two.\n\nWait, 3 + 3.", answer="It is 4.\n\nThe other", later=AGAIN, closed=True),
    Reply(
        reasoning="Two and two.\n\nWait, 3 + 3.",
        answer="It is 4.\n\nThe other is 6.",
        later=AGAIN,
        closed=True,
        finish="stop",
    ),
)


@pytest.mark.parametrize("replies", [THINKS_AGAIN, THINKS_AGAIN[-1:]], ids=["as it grows", "at once"])
def test_a_second_thought_is_printed_where_it_stands(replies: tuple[Reply, ...]) -> None:
    assert shown(*replies) == ("It is 4.\n\nThe other is 6.\n", "Two and two.\nWait, 3 + 3.\n")
    both = Terminal()  # the thought and the answer go to one terminal
    shown(*replies, out=both, err=both)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", both.getvalue())
    places = [plain.index(text) for text in ("Two and", "It is", "Wait,", "The other")]
    assert places == sorted(places), plain
    assert plain.count("3 + 3.") == 1 and re.search(r"4\.\s*\n\n\s*.*Wait,", plain), plain


def test_only_what_is_new_is_printed() -> None:
    growing = [
        Reply(reasoning="7 + 3"),
        Reply(reasoning="7 + 3 is 10."),
        Reply(reasoning="7 + 3 is 10.", closed=True, answer="It is"),
        Reply(reasoning="7 + 3 is 10.", closed=True, answer="It is 10.", finish="stop"),
    ]
    assert shown(*growing) == ("It is 10.\n", "7 + 3 is 10.\n")


def test_thought_is_dimmed_and_set_apart_where_a_person_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    reply = Reply(reasoning="Hm.", closed=True, answer="Yes.", finish="stop")
    assert shown(reply, out=Terminal(), err=Terminal()) == ("Yes.\n", f"{DIM}  Hm.{PLAIN}\n\n")
    assert shown(reply, out=Terminal()) == ("Yes.\n", "Hm.\n")


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_none_is_wanted(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    _, err = shown(Reply(reasoning="Hm.", closed=True, answer="Yes.", finish="stop"), err=Terminal())
    assert DIM not in err and "Hm.\n" in err


def test_progress_is_one_line_that_gives_way_to_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    waiting = [
        Reply(progress=Progress("waiting")),
        Reply(progress=Progress("queued", 1)),
        Reply(progress=Progress("loading", 50, 100)),
        Reply(progress=Progress("prefill", 512, 3000)),
        Reply(reasoning="Hm"),
        Reply(reasoning="Hm", progress=Progress("waiting")),  # a heartbeat between words
        Reply(reasoning="Hm.", finish="stop"),
    ]
    _, err = shown(*waiting, err=Terminal())
    lines = err.split("\r\x1b[2K")
    assert [re.sub(r"[\d,]+", "#", line) for line in lines] == [
        "",
        "Waiting for the model … # s",
        "Waiting for # other reply …",
        "Loading the model … # %",
        "Reading the prompt … # of # tokens",
        "  Hm.\n",
    ]
    assert shown(*waiting) == ("", "Hm.\n")


def test_control_characters_cannot_steer_the_terminal() -> None:
    hostile = Reply(reasoning="\x1b]0;title\x07", closed=True, answer="a\x1b[2Jb\tc\r\nd\x9b", finish="stop")
    out, err = shown(hostile, out=Terminal(), err=Terminal())
    assert out.split() == ["a\ufffd[2Jb", "c", "d\ufffd"]
    assert "\x07" not in err and "\x1b]" not in err
    assert shown(hostile)[0] == "a\x1b[2Jb\tc\r\nd\x9b\n"  # a file gets what was said


def test_answer_that_turns_out_to_be_thought_is_taken_back_in_words() -> None:
    growing = [
        Reply(answer="Let me see."),
        Reply(reasoning="Let me see. Yes.", closed=True, answer="It is"),
        Reply(reasoning="Let me see. Yes.", closed=True, answer="It is 10.", finish="stop"),
    ]
    out, err = shown(*growing, out=Terminal())
    assert out == "Let me see.\nIt is 10.\n"
    assert "was still thought" in err and err.endswith(" Yes.\n")
    assert shown(*growing) == ("It is 10.\n", "Let me see. Yes.\n")


def test_every_ending_that_is_not_a_plain_one_is_said() -> None:
    assert remark_on(Reply(finish="stop")) == ""
    assert remark_on(Reply(finish="error", error="It broke. Try again.")) == "It broke. Try again."
    assert "--context" in remark_on(Reply(finish="length"))
    assert "kept" in remark_on(Reply(finish="cut"))
    assert "wants to call a tool" in remark_on(Reply(finish="cut", raw_finish="tool_calls"))
    assert "kept" in remark_on(Reply(finish="stopped"))


# --- a conversation --------------------------------------------------------------------------------------------------


def test_messages_are_answered_until_the_person_leaves(tmp_path: Path) -> None:
    with scripted(tmp_path) as app:
        out, err = conversation(app, "7 + 3?", "", "   ", "And now?")
        (info,) = app.store.conversations()
        turns = app.store.conversation(info.id).turns
    assert out == "It is 10.\nIt is 10.\n"
    assert err.count("7 + 3 is 10.\n") == 2
    assert [turn.content for turn in turns] == ["7 + 3?", "And now?"]
    assert "/help" in err.splitlines()[0] and "scripted:one" in err.splitlines()[0]
    assert info.id in err.splitlines()[-1]


def test_again_makes_a_sibling_and_new_another_conversation(tmp_path: Path) -> None:
    with scripted(tmp_path) as app:
        _, err = conversation(app, "/again", "First", "/again", "/new", "/again", "Second")
        second, first = (app.store.conversation(info.id) for info in app.store.conversations())
    assert err.count("no message in this conversation yet") == 2
    assert [turn.content for turn in first.turns] == ["First"]
    assert first.turns[0].reply is not None and first.turns[0].reply.siblings == 2
    assert [turn.content for turn in second.turns] == ["Second"]


def test_model_can_be_changed_and_listed(tmp_path: Path) -> None:
    with scripted(tmp_path) as app:
        _, err = conversation(app, "/model", "/model two", "Hello", "/model three", "Still there?")
        backend, _ = app.catalogue.find("scripted:one")
        assert isinstance(backend, ScriptedBackend)
        assert [request.model for request in backend.requests] == ["two", "two"]
    assert "* scripted:one\n  scripted:two\n" in err
    assert "'three'" in err


def test_unknown_commands_are_not_sent_but_a_path_is(tmp_path: Path) -> None:
    with scripted(tmp_path) as app:
        _, err = conversation(app, "/hlep", "/help", "/usr/bin is what?", " /quit", "/quit", "never read")
        turns = app.store.conversation(app.store.conversations()[0].id).turns
    assert "'/hlep'" in err and "/again  " in err
    assert [turn.content for turn in turns] == ["/usr/bin is what?", " /quit"]


@pytest.mark.parametrize("leave", ["/quit", "/exit", "/bye"])
def test_the_words_of_other_programs_leave_too(tmp_path: Path, leave: str) -> None:
    with scripted(tmp_path) as app:
        conversation(app, leave, "never read")
        assert app.store.conversations() == []


def test_error_ends_a_reply_and_not_the_conversation(tmp_path: Path) -> None:
    def script(request: Request) -> Script:
        return (
            ["It is", GenerationError("The server broke. Start it again.")] if len(request.messages) == 1 else THOUGHT
        )

    with scripted(tmp_path, script) as app:
        out, err = conversation(app, "7 + 3?", "And now?")
    assert out == "It is\nIt is 10.\n"
    assert "The server broke. Start it again.\n" in err


def test_exit_code_says_whether_the_reply_is_whole(tmp_path: Path) -> None:
    scripts: dict[str, Script] = {
        "stop": THOUGHT,
        "length": [*THOUGHT, Finish("length", completion_tokens=6, context=64)],
        "cut": [*THOUGHT, Finish("cut")],
        "error": [*THOUGHT, GenerationError("It broke.")],
    }
    codes = {}
    with scripted(tmp_path, lambda request: scripts[request.messages[-1].content]) as app:
        for name in scripts:
            screen = Screen(io.StringIO(), io.StringIO())
            codes[name] = ask(begin(app, screen, None, latest=False, model_named=False), screen, name)
    assert codes == {"stop": 0, "length": 0, "cut": 1, "error": 1}


def test_continued_conversation_keeps_its_model_unless_another_is_named(tmp_path: Path) -> None:
    screen = Screen(io.StringIO(), io.StringIO())
    with scripted(tmp_path) as app:
        talk = begin(app, screen, None, latest=False, model_named=False)
        talk.choose("two")
        talk.say("Hello")
        assert begin(app, screen, None, latest=True, model_named=False).model.name == "two"
        assert begin(app, screen, talk.conversation_id, latest=False, model_named=True).model.name == "one"
        with pytest.raises(NotFoundError):
            Talk(app, screen, talk.model, "nobody")


def test_model_in_use_is_marked_in_the_list(tmp_path: Path) -> None:
    with scripted(tmp_path) as app:
        _, err = conversation(app, "/model two", "/model")
    assert "  scripted:one\n* scripted:two\n" in err


def test_cut_reply_goes_on_where_it_stands(tmp_path: Path) -> None:
    def script(request: Request) -> Script:
        return ["and goes on."] if request.so_far else [*THOUGHT[:4], "It begins ", Finish("cut")]

    with scripted(tmp_path, script) as app:
        _, err = conversation(app, "/continue", "7 + 3?", "/continue", "/continue")
        (turn,) = app.store.conversation(app.store.conversations()[0].id).turns
    assert turn.reply is not None
    assert (turn.reply.siblings, turn.reply.reply.answer) == (1, "It begins and goes on.")
    assert "no reply yet" in err and "is complete" in err


def test_stopped_thought_is_closed_and_answered(tmp_path: Path) -> None:
    def script(request: Request) -> Script:
        return ["It is 10."] if request.so_far else ["<think>", "\n7 + 3 is", Finish("cut")]

    with scripted(tmp_path, script) as app:
        out, err = conversation(app, "7 + 3?", "/now", "/now")
        (turn,) = app.store.conversation(app.store.conversations()[0].id).turns
    assert turn.reply is not None
    assert (turn.reply.reply.reasoning, turn.reply.reply.answer) == ("7 + 3 is", "It is 10.")
    assert turn.reply.provenance.closed_by == "person"
    assert out == "It is 10.\n" and "no open thought" in err


def test_thought_goes_on_in_another_reply(tmp_path: Path) -> None:
    def script(request: Request) -> Script:
        return [" it is 10.", "\n</think>\n\n", "10"] if request.so_far else THOUGHT

    with scripted(tmp_path, script) as app:
        out, _ = conversation(app, "7 + 3?", "/longer")
        (turn,) = app.store.conversation(app.store.conversations()[0].id).turns
    assert turn.reply is not None
    assert turn.reply.reply.reasoning == "7 + 3 is 10.\n\nWait, it is 10."
    assert (turn.reply.siblings, out) == (2, "It is 10.\n10\n")


def test_budget_holds_for_the_conversation_begun_with_it_and_can_be_taken_off(tmp_path: Path) -> None:
    with scripted(tmp_path) as app:
        _, err = conversation(app, "/budget", "/budget 300", "7 + 3?", "/budget soon", "/budget off", "/budget")
        info = app.store.conversations()[0]
        (turn,) = app.store.conversation(info.id).turns
    assert turn.reply is not None and turn.reply.provenance.budget == 300
    assert info.budget is None
    assert "300 tokens" in err and "“soon” is not a number" in err
    assert err.count("as many tokens as the context window holds") == 3


def test_vote_shows_what_most_replies_say_and_the_conversation_goes_on_from_it(tmp_path: Path) -> None:
    answers = iter(["7", "10", "10"])

    def script(request: Request) -> Script:
        return ["<think>", "Hm.", "</think>", f"\\boxed{{{next(answers, '10')}}}"]

    with scripted(tmp_path, script) as app:
        _, err = conversation(app, "/vote", "7 + 3?", "/vote 2", "/vote 99", "/good")
        (turn,) = app.store.conversation(app.store.conversations()[0].id).turns
        assert turn.reply is not None
        rating = app.teacher.judged(turn.conversation_id).ratings[turn.reply.id, "answer"]
    assert "2 of 2: 10\n" in err
    assert "2 to 32" in err  # 99 samples are refused
    assert (turn.reply.siblings, turn.reply.reply.answer, rating.thumb) == (3, "\\boxed{10}", "up")


def test_last_answer_is_rated(tmp_path: Path) -> None:
    with scripted(tmp_path) as app:
        _, err = conversation(app, "/bad", "7 + 3?", "/bad")
        (turn,) = app.store.conversation(app.store.conversations()[0].id).turns
        assert turn.reply is not None
        assert app.teacher.judged(turn.conversation_id).ratings[turn.reply.id, "answer"].thumb == "down"
        app.teacher.rate(turn.reply.id, "answer", "", (), "A comment of the page.")
        screen = Screen(io.StringIO(), io.StringIO())
        Talk(app, screen, app.catalogue.default(""), turn.conversation_id).rate("up")
        rating = app.teacher.judged(turn.conversation_id).ratings[turn.reply.id, "answer"]
        assert (rating.thumb, rating.comment) == ("up", "A comment of the page.")
    assert "no reply yet" in err and "Rated as bad" in err


# --- at the keyboard -------------------------------------------------------------------------------------------------


class Keyboard:
    """`r1chat chat` on a pseudo-terminal."""

    def __init__(self, data_dir: Path, server: Replay) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith("R1CHAT_")}
        env |= {"R1CHAT_DATA_DIR": str(data_dir), "R1CHAT_OLLAMA": "false", "PYTHONPATH": str(ROOT), "TERM": "xterm"}
        env["R1CHAT_FIND_MODELS"] = "false"
        env.pop("NO_COLOR", None)
        self.screen = ""
        self._seen = 0
        self._fd, inside = pty.openpty()
        words = ("chat", "--base-url", server.url)
        self._command = Forked(*words, env=env, stdin=inside, stdout=inside, stderr=inside, terminal=True)
        os.close(inside)

    def see(self, text: str) -> None:
        """Wait until the screen shows this, after what was seen before."""
        while (position := self.screen.find(text, self._seen)) < 0:
            assert self._read(), f"{text!r} is not on the screen: {self.screen[self._seen :]!r}"
        self._seen = position + len(text)

    def type(self, text: str) -> None:
        """Press these keys."""
        data = text.encode()
        while data:
            _, writable, _ = select.select([], [self._fd], [], 0.05)
            if writable:
                data = data[os.write(self._fd, data[:512]) :]
            if select.select([self._fd], [], [], 0)[0]:
                self._read()

    def interrupt(self) -> None:
        """Press Ctrl-C at the prompt until it is heard: Python misses one that comes as its line editor gets ready."""
        self.type("\x03")
        while not select.select([self._fd], [], [], 1)[0]:
            self.type("\x03")

    def leave(self) -> int:
        """Wait for the end; the exit code."""
        while self._read():
            pass
        os.close(self._fd)
        return self._command.wait()

    def _read(self) -> bool:
        if not select.select([self._fd], [], [], DEADLINE)[0]:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # Linux says so when the other side is closed
            return False
        self.screen += data.decode(errors="replace")
        return bool(data)


@pytest.mark.slow
def test_ctrl_c_stops_a_reply_and_at_the_prompt_leaves(tmp_path: Path) -> None:
    with server_that_says(*WORDS, stalls_after=30) as server:
        keyboard = Keyboard(tmp_path, server)
        keyboard.see("> ")
        keyboard.type("Tell me\r")
        keyboard.see("word29")
        keyboard.type("\x03")
        keyboard.see("Stopped")
        keyboard.see("> ")
        keyboard.interrupt()
        assert keyboard.leave() == 0
    (turn,) = kept(tmp_path).turns
    assert turn.reply is not None
    assert (turn.reply.reply.finish, turn.reply.reply.answer.split()[-1]) == ("stopped", "word29")
    assert "Traceback" not in keyboard.screen


def test_thought_streams_dimmed_before_the_answer(tmp_path: Path) -> None:
    with server_that_says("It is 70.", reasoning="27 + 43 …") as server:
        keyboard = Keyboard(tmp_path, server)
        keyboard.see("> ")
        keyboard.type("27 + 43 = ?\r")
        keyboard.see(f"{DIM}  27 + 43 …{PLAIN}")
        keyboard.see("\r\n\r\nIt is 70.\r\n")
        keyboard.see("> ")
        keyboard.type("/quit\r")
        assert keyboard.leave() == 0


@pytest.mark.slow
def test_long_paste_of_many_lines_is_one_message(tmp_path: Path) -> None:
    text = "\n".join(f"line {i}:\t" + "数" * 40 for i in range(200))
    with server_that_says("Read.") as server:
        keyboard = Keyboard(tmp_path, server)
        keyboard.see("> ")
        keyboard.type(f"\x1b[200~{text}\x1b[201~")
        keyboard.type("\r")
        keyboard.see("Read.")
        keyboard.see("> ")
        keyboard.type("\x04")
        assert keyboard.leave() == 0
    (turn,) = kept(tmp_path).turns
    assert turn.content == text


@pytest.mark.slow
def test_now_is_obeyed_while_the_thought_runs(tmp_path: Path) -> None:
    with server_that_says("It is 70.", reasoning="27 + 43 …", stalls_after=1) as server:
        keyboard = Keyboard(tmp_path, server)
        keyboard.see("> ")
        keyboard.type("27 + 43 = ?\r")
        keyboard.see("27 + 43 …")
        keyboard.type("/now\r")
        keyboard.see("cannot")  # this server continues nothing, and says so
        keyboard.type("\x03")
        keyboard.see("Stopped")
        keyboard.see("> ")
        keyboard.type("/quit\r")
        assert keyboard.leave() == 0


@pytest.mark.slow
def test_what_is_pasted_while_a_reply_runs_is_one_message_and_what_is_not_sent_is_told(tmp_path: Path) -> None:
    pasted = "Review this log:\nline one\n/bad\n/new\n/quit\nWhat is wrong?"
    with server_that_says("It is 70.", reasoning="27 + 43 …", stalls_after=1) as server:
        keyboard = Keyboard(tmp_path, server)
        keyboard.see("> ")
        keyboard.type("27 + 43 = ?\r")
        keyboard.see("27 + 43 …")
        keyboard.type(f"{pasted}\n")
        time.sleep(0.5)
        keyboard.type("/quit\r")
        time.sleep(0.5)
        keyboard.type("And this?\r")
        time.sleep(0.5)
        keyboard.type("\x03")
        keyboard.see("Stopped")
        keyboard.see("27 + 43 …")  # the reply to what was pasted
        keyboard.type("\x03")
        keyboard.see("Stopped")
        keyboard.see("Not sent:\r\n  And this?")
        assert keyboard.leave() == 0
    assert [turn.content for turn in kept(tmp_path).turns] == ["27 + 43 = ?", pasted]
