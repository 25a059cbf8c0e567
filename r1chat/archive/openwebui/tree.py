"""The messages of a chat of Open WebUI, and the tree that they are. Pure.

`parentId` says what a message follows; `childrenIds` only orders what follows the same one. Chats from before there
were branches have a plain list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from r1chat.archive.lines import Wrong
from r1chat.archive.openwebui.values import clean, mapping


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands in the file; `parent` is another one of the same chat, or None at the beginning."""

    id: str
    parent: str | None
    data: Mapping[str, Any]

    @property
    def role(self) -> str:
        """ "user", "assistant" or "system", if it is well-formed."""
        return clean(self.data.get("role"))

    @property
    def text(self) -> str:
        """What it says: its content, or the texts among its parts."""
        return "\n\n".join(clean(part.get("text")) for part in self._parts if "text" in part)

    @property
    def files(self) -> int:
        """How many images and files it has."""
        files = self.data.get("files")
        return (len(files) if isinstance(files, list) else 0) + sum("text" not in part for part in self._parts)

    @property
    def _parts(self) -> list[Mapping[str, Any]]:
        content = self.data.get("content")
        if isinstance(content, list):
            return [mapping(part) for part in content]
        return [{"text": content}]


def messages_of(body: Mapping[str, Any]) -> dict[str, Message]:
    """All messages of a chat, by their ids. Raises Wrong where it has no place for messages."""
    found = mapping(body.get("history")).get("messages")
    if isinstance(found, dict):
        given = {clean(key): mapping(value) for key, value in found.items()}
        parents = {key: clean(value.get("parentId")) for key, value in given.items()}
    elif isinstance(listed := body.get("messages"), list):
        given = {clean(mapping(value).get("id")) or str(at): mapping(value) for at, value in enumerate(listed)}
        parents = dict(zip(given, ["", *given], strict=False))
    else:
        raise Wrong("this is neither a chat nor a feedback of Open WebUI")
    return {key: Message(key, parents[key] if parents[key] in given else None, data) for key, data in given.items()}


def in_order(messages: Mapping[str, Message]) -> Iterator[Message]:
    """Each after the one that it follows, siblings in their order. Raises Wrong where messages follow each other."""
    after: dict[str | None, list[str]] = defaultdict(list)
    for message in messages.values():
        after[message.parent].append(message.id)
    pending = after[None][::-1]
    seen = 0
    while pending:
        message = messages[pending.pop()]
        seen += 1
        yield message
        listed = message.data.get("childrenIds")
        order = {clean(child): at for at, child in enumerate(listed)} if isinstance(listed, list) else {}
        pending += sorted(after[message.id], key=lambda child: order.get(child, len(order)))[::-1]
    if seen < len(messages):
        raise Wrong("messages of this chat follow each other in a circle")


def branch_to(messages: Mapping[str, Message], message_id: str) -> list[str]:
    """The messages from the first to this one; none where it is not there. There are no circles."""
    branch: list[str] = []
    at: str | None = message_id if message_id in messages else None
    while at is not None:
        branch.append(at)
        at = messages[at].parent
    return branch[::-1]
