"""A summary of a conversation that has grown too long, written by its own model, to begin a new conversation with.

Nothing is stored here: a person reads and edits the summary before it becomes a message.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

from r1chat import steer, window
from r1chat.backends import Backend
from r1chat.both import Both
from r1chat.conversations import Conversation, StoredTurn
from r1chat.errors import UnsupportedError
from r1chat.languages import language_of
from r1chat.messages import Message, ModelInfo, Params, Request
from r1chat.think import Draft, Splitter

LONGEST = 400  # tokens
LAST = 5  # messages
LONG = 300  # characters of a message

_ASK = Both(
    "Summarise our conversation so far for somebody who takes it up: what I want, what we found out, and what is "
    "still open. Write at most ten short sentences, and nothing else.",
    "请为接手的人总结我们到目前为止的对话：我想要什么、得出了什么、还有什么没解决。最多十个短句，只写总结。",
)


def summarise(conversation: Conversation, backend: Backend, info: ModelInfo) -> Iterator[str]:
    """The summary as it grows, written by the model without a thought.

    Raises UnsupportedError where the model cannot leave its thought out, and what the backend raises.
    """
    if info.thinks and not info.continues:
        raise UnsupportedError(
            Both(
                "{model} cannot leave out its thought, so a summary would take it too long.",
                "{model} 不能跳过思考，写摘要会花太长时间。",
            ).format(model=info.name)
        )
    messages: list[Message] = []
    for turn in window.shown(conversation.turns, conversation.info.seen_from):
        messages.append(Message("user", turn.content))
        if turn.reply is not None:
            messages.append(Message("assistant", turn.reply.reply.answer))
    language = language_of("".join(message.content for message in messages))
    so_far = steer.skipped() if info.thinks else None
    request = Request(info.name, (*messages, Message("user", _ASK.pick(language))), so_far, Params(max_tokens=LONGEST))
    splitter, draft = Splitter(so_far), Draft()
    with closing(backend.stream(request)) as events:  # type: ignore[type-var]
        for event in events:
            for reply_event in splitter.feed(event):
                draft.add(reply_event)
            yield draft.reply().answer.strip()


def last_messages(turns: Sequence[StoredTurn]) -> str:
    """The person's last messages as a list: in place of a summary where no model can write one."""
    shortened = [" ".join(turn.content.split()) for turn in turns[-LAST:]]
    return "\n".join(f"- {text if len(text) <= LONG else text[: LONG - 1] + '…'}" for text in shortened)
