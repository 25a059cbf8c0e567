"""The test set of an export: whole conversations, none of which shares a first message with the training set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from hashlib import sha256

from r1chat.both import Both
from r1chat.errors import TooLittleToSplitError
from r1chat.store.dataset import DatasetView
from r1chat.store.entries import Filter


def test_conversations(
    snapshot: DatasetView, selection: Filter, share: float, clean: Callable[[str], str] = str
) -> frozenset[str]:
    """The conversations whose judgements are set apart, about that share of all.

    Conversations that begin with the same message, as `clean` leaves it and however it is spaced and capitalised, stay
    together: what a model was trained on would tell it the answers of its test. Their order is that of a hash of the
    message, so the same data are split in the same way. Raises TooLittleToSplitError where there is too little to
    split.
    """
    judged = snapshot.conversations(selection)
    groups = _Groups()
    for conversation, message in snapshot.first_messages():
        if conversation in judged:
            groups.join(
                conversation, sha256(" ".join(clean(message).casefold().split()).encode(errors="replace")).digest()
            )
    sizes: Counter[bytes] = Counter()
    for conversation, count in judged.items():
        sizes[groups.of(conversation)] += count
    target, total = share * judged.total(), 0
    chosen: set[bytes] = set()
    for group in sorted(sizes):
        if total < target and total + sizes[group] - target <= target - total:  # nearer to the target than without it
            chosen.add(group)
            total += sizes[group]
    if not chosen or len(chosen) == len(sizes):
        sentence = Both(
            "There is too little to set {share:.0%} of it apart for a test: conversations that begin with the same "
            "message stay together, which leaves {n} to choose from. Export without --test, or judge more.",
            "数据太少，无法分出 {share:.0%} 作测试：以相同消息开头的对话要放在一起，只剩 {n} 组可选。"
            "请不带 --test 导出，或多评价一些。",
        )
        raise TooLittleToSplitError(sentence.format(share=share, n=len(sizes)))
    return frozenset(conversation for conversation in judged if groups.of(conversation) in chosen)


class _Groups:
    """Conversations that share a first message, or share one with some that do; named by their smallest message."""

    def __init__(self) -> None:
        self._above: dict[bytes, bytes] = {}  # a message -> a smaller one of its group
        self._messages: dict[str, bytes] = {}  # a conversation -> one of its messages

    def join(self, conversation: str, message: bytes) -> None:
        first, second = self._smallest(message), self._smallest(self._messages.setdefault(conversation, message))
        if first != second:
            self._above[max(first, second)] = min(first, second)

    def of(self, conversation: str) -> bytes:
        """The name of its group; its own where it begins with no message, as a restored file may have it."""
        message = self._messages.get(conversation)
        return sha256(conversation.encode()).digest() if message is None else self._smallest(message)

    def _smallest(self, message: bytes) -> bytes:
        path = []
        while message in self._above:
            path.append(message)
            message = self._above[message]
        for passed in path:
            self._above[passed] = message
        return message
