"""One conversation as the terminal holds it: its messages, and every way to step in.

It starts replies and follows them as the page does, and prints them through `screen`; what runs the model and what
stores the words is elsewhere.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from collections import deque

from r1chat.app import App
from r1chat.both import Both
from r1chat.cli.process import first_signal, leave_after
from r1chat.cli.screen import Screen
from r1chat.errors import MessageError, R1ChatError
from r1chat.generation import Generation
from r1chat.judgements import Thumb
from r1chat.messages import ModelInfo, Reply
from r1chat.votes import AnswerGroup, group, voice

NOW = "/now"
_LOOK_EVERY = 0.3  # seconds
_PASTED_WITHIN = 0.03  # seconds between two lines; nobody types as fast
NOTHING_YET = Both(
    "There is no message in this conversation yet. Write one first.", "这个对话里还没有消息。请先写一条。"
)
NO_REPLY = Both("There is no reply yet. Send a message first.", "还没有回复。请先发送一条消息。")


class Talk:
    """One conversation with one model; both can be changed on the way."""

    def __init__(self, app: App, screen: Screen, model: ModelInfo, conversation_id: str | None = None) -> None:
        """`conversation_id` None: a new one, made by its first message. Raises NotFoundError."""
        self._app = app
        self._screen = screen
        self.model = model
        self.conversation_id = conversation_id
        self.reply_id = ""
        self.interrupted = False  # Ctrl-C ended the last reply
        self.typed_ahead: deque[str] = deque()  # lines that came while a reply was printed
        self.budget: int | None = None
        self._keep_thoughts = False
        self._turn_id = ""
        if conversation_id:
            conversation = app.store.conversation(conversation_id)
            self.budget, self._keep_thoughts = conversation.info.budget, conversation.info.keep_thoughts
            if conversation.turns:
                self._turn_id = conversation.turns[-1].id
                self.reply_id = reply.id if (reply := conversation.turns[-1].reply) else ""

    # -- replies ------------------------------------------------------------------------------------------------------

    def say(self, message: str) -> Reply:
        """Send a message and print its reply. Raises R1ChatError where none could begin."""
        form = self.model.reasoning
        keeps = self._keep_thoughts or (form is not None and form.keeps_thoughts)  # as the model's template does
        steering = None if self.conversation_id else (self.budget, keeps)
        return self._follow(self._app.chat.send(self.conversation_id, message, self.model.key, steering=steering))

    def again(self) -> Reply:
        """Another reply to the last message."""
        return self._follow(self._app.chat.again(self._last_turn(), self.model.key))

    def resume(self) -> Reply:
        """Go on with the last reply where it stands. Raises MessageError where it is whole."""
        if self._reply().finish == "stop":
            raise MessageError(
                Both(
                    "The last reply is complete; there is nothing to continue. /again makes another one.",
                    "上一个回复已经完整，没有可以继续的内容。/again 会另作一个回复。",
                )
            )
        return self._follow(self._app.chat.resume(self.reply_id))

    def answer_now(self) -> Reply:
        """Close the thought that was stopped, and print the answer to it."""
        self._reply()
        return self._follow(self._app.chat.close_thought(self.reply_id))

    def think_longer(self) -> Reply:
        """Another reply, whose thought goes on where that of the last one ended."""
        self._reply()
        return self._follow(self._app.chat.think_longer(self.reply_id, self.model.key))

    def vote(self, samples: int) -> tuple[list[AnswerGroup], int]:
        """Answer the last message several times at once; the groups of equal answers, and how many samples count.

        The conversation goes on from the majority's answer.
        """
        vote = self._app.chat.vote(self._last_turn(), samples, self.model.key)
        with first_signal(vote.stop) as received:
            for replies in vote.watch():
                done = sum(reply.finish is not None for reply in replies)
                self._screen.show_status(f"{samples} replies: {done} finished …")
        self._screen.end()
        leave_after(received)
        turn = self._app.store.turn(vote.turn_id)
        self.reply_id = turn.reply.id if turn.reply else vote.reply_id
        answers = [voice(reply) for reply in vote.snapshots()]
        return group(answers), sum(bool(answer) for answer in answers)

    def rate(self, thumb: Thumb) -> None:
        """Rate the last reply's answer."""
        self._reply()
        self._app.teacher.judge_answer(self.reply_id, thumb)

    def settle(self) -> bool:
        """Wait until the last reply is saved, if it is not, or for Ctrl-C; whether it is saved."""
        work = self._app.chat.unsaved(self.conversation_id or "")
        if work is None:
            return True
        left = threading.Event()
        self._screen.note("Waiting until the last reply is saved. Ctrl-C leaves without that …")
        with first_signal(left.set) as received:
            while not left.is_set() and not work.saved(_LOOK_EVERY):
                pass
        leave_after(received)
        return not received

    # -- settings -----------------------------------------------------------------------------------------------------

    def set_budget(self, budget: int | None) -> None:
        """How many tokens a thought may take from now on; None: as many as it likes. Raises MessageError."""
        if self.conversation_id:
            self._app.chat.set_steering(self.conversation_id, budget, self._keep_thoughts, self.model.key)
        self.budget = budget

    def choose(self, name: str) -> None:
        """Go on with another model. Raises UnknownModelError."""
        self.model = self._app.catalogue.default(name)

    def models(self) -> list[ModelInfo]:
        """The models that it could go on with."""
        return self._app.catalogue.models()

    def new(self) -> None:
        """Begin another conversation with the next message."""
        self.conversation_id, self._turn_id, self.reply_id = None, "", ""

    # -- following ----------------------------------------------------------------------------------------------------

    def _last_turn(self) -> str:
        if not self._turn_id:
            raise MessageError(NOTHING_YET)
        return self._turn_id

    def _reply(self) -> Reply:
        if not self.reply_id:
            raise MessageError(NO_REPLY)
        return self._app.store.reply(self.reply_id).reply

    def _follow(self, generation: Generation) -> Reply:
        self.conversation_id, self._turn_id = generation.conversation_id, generation.turn_id
        self.reply_id = generation.reply_id
        with first_signal(generation.stop) as received:
            for reply in generation.watch():
                self._screen.show(reply, self.model.thinks)
                self._read_ahead()
        self._screen.end()
        if (error := generation.not_saved) is not None:
            self._screen.note(f"This reply is not saved yet. {error} It is saved as soon as that is possible.")
        self.interrupted = bool(received)
        leave_after(received)
        return reply

    def _read_ahead(self) -> None:
        """Obey `/now` while the thought still runs; any other line that was typed waits for its turn.

        Lines that come at once were pasted: they are one message, whatever stands in them.
        """
        if not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
            return
        lines: list[str] = []
        while select.select([sys.stdin.fileno()], [], [], _PASTED_WITHIN if lines else 0)[0]:
            line = os.read(sys.stdin.fileno(), 65536).decode(errors="replace")  # a terminal gives one line at a time
            if not line:
                break
            lines.append(line)
        if not lines:
            return
        if "".join(lines).strip() != NOW:
            self.typed_ahead.append("".join(lines).rstrip("\n"))
            return
        try:
            self._app.chat.answer_now(self.conversation_id or "")
        except R1ChatError as error:
            self._screen.note(str(error))
