"""The command deleted: what was deleted and can be restored, or erased at once."""

from __future__ import annotations

from collections.abc import Iterator

from r1chat.app import KEPT_AFTER_DELETION, App
from r1chat.both import Both
from r1chat.errors import ConfigError
from r1chat.learn.forgetting import erase_now

LISTED = 20  # conversations

_USAGE = Both(
    "Say: r1chat deleted [--page N], deleted restore ID, deleted erase ID.",
    "用法：r1chat deleted [--page N]；deleted restore ID；deleted erase ID。",
)
_NO_PAGE = Both(
    "There is no page {number} of deleted conversations. Choose one from 1 to {pages}.",
    "已删除的对话没有第 {number} 页。请选择 1 到 {pages}。",
)


def deleted(app: App, action: str, conversation_id: str, page: int) -> Iterator[str]:
    """List a page (from 1) of what was deleted, restore one, or erase one. Raises ConfigError, NotFoundError."""
    if action == "list" and not conversation_id:
        yield from _listed(app, page)
    elif action == "restore" and conversation_id:
        app.store.undelete(conversation_id)
        yield f"“{app.store.info(conversation_id).title}” is among the conversations again."
    elif action == "erase" and conversation_id:
        erase_now(app, conversation_id)
        yield "Erased for good. Backups and archives keep it."
    else:
        raise ConfigError(_USAGE)


def _listed(app: App, number: int) -> Iterator[str]:
    page = app.store.deleted(LISTED)
    pages = max(1, -(-(page.total or 0) // LISTED))
    if not 1 <= number <= pages:
        raise ConfigError(_NO_PAGE.format(number=number, pages=pages))
    for _ in range(number - 1):
        page = app.store.deleted(LISTED, page.next) if page.next else page
    for info in page.conversations:
        assert info.deleted is not None
        yield f"{info.id}  erased on {(info.deleted + KEPT_AFTER_DELETION).astimezone():%Y-%m-%d}  {info.title}"
    if not page.total:
        yield "Nothing was deleted."
    if pages > 1:
        yield f"Page {number} of {pages}; `r1chat deleted --page N` shows another one."
