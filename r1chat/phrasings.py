"""The same question in other words, written by a model: whether its answer hangs on the wording is seen by asking each.

R1 is sensitive to prompts (DeepSeek-AI, arXiv 2501.12948, section 5). Nothing is stored here: a person reads and edits
the phrasings before they become messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing

from r1chat import steer
from r1chat.backends import Backend
from r1chat.both import Both
from r1chat.errors import GenerationError, UnsupportedError
from r1chat.languages import language_of
from r1chat.messages import Message, ModelInfo, Params, Request
from r1chat.think import Draft, Splitter

LONGEST = 600  # tokens, of all phrasings together
MOST = 8  # phrasings

_ASK = Both(
    "Ask the following question in {count} other ways. Each must ask for exactly the same, with the same numbers and "
    "names. Write one line for each, and nothing else.\n\n{text}",
    "请用另外 {count} 种说法提出下面的问题。每种说法必须问完全相同的内容，数字和名称不变。"
    "每种写一行，不要写别的。\n\n{text}",
)
_NO_PHRASING = Both(
    "{model} wrote no other phrasing. Write them yourself, or choose another model.",
    "{model} 没有写出其他说法。请自己填写，或另选一个模型。",
)
_CANNOT_SKIP = Both(
    "{model} cannot leave out its thought, so this would take it too long. Write the phrasings yourself.",
    "{model} 不能跳过思考，这会花太长时间。请自己填写其他说法。",
)
_NUMBER = re.compile(r"^\s*(?:[-*•]|\(?\d{1,2}[.):、）])\s*")


def rephrase(
    text: str, count: int, backend: Backend, info: ModelInfo, stopped: Callable[[], bool] = lambda: False
) -> list[str]:
    """At most `count` phrasings of a message, without the message itself; blocks until they are written or `stopped`.

    Raises UnsupportedError where the model cannot leave its thought out, GenerationError where nothing usable came, and
    what the backend raises.
    """
    if info.thinks and not info.continues:
        raise UnsupportedError(_CANNOT_SKIP.format(model=info.name))
    ask = _ASK.format(count=count, text=text).pick(language_of(text))
    so_far = steer.skipped() if info.thinks else None
    request = Request(info.name, (Message("user", ask),), so_far, Params(temperature=1.0, max_tokens=LONGEST))
    splitter, draft = Splitter(so_far), Draft()
    with closing(backend.stream(request)) as events:  # type: ignore[type-var]
        for event in events:
            if stopped():
                break
            for reply_event in splitter.feed(event):
                draft.add(reply_event)
    lines = (_NUMBER.sub("", line).strip() for line in draft.reply().answer.splitlines())
    phrasings = list(dict.fromkeys(line for line in lines if line and line != text.strip()))[:count]
    if not phrasings:
        raise GenerationError(_NO_PHRASING.format(model=info.name))
    return phrasings
