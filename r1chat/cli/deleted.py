"""The command deleted: what was deleted and can be restored, or erased at once."""

from __future__ import annotations

from collections.abc import Iterator

from r1chat.app import KEPT_AFTER_DELETION, App
from r1chat.both import Both
from r1chat.errors import ConfigError, NotFoundError
from r1chat.learn.forgetting import erase_now
from r1chat.learn.runs import Runs

LISTED = 20  # conversations

_USAGE = Both(
    "Say: r1chat deleted [--page N], deleted restore ID, deleted erase ID.",
    "用法：r1chat deleted [--page N]；deleted restore ID；deleted erase ID。",
)
_NOT_DELETED = Both(
    "There is no deleted conversation {id}. `r1chat deleted` lists them with their ids.",
    "没有已删除的对话 {id}。`r1chat deleted` 会列出它们及其 ID。",
)
_NO_PAGE = Both(
    "There is no page {number} of deleted conversations. Choose one from 1 to {pages}.",
    "已删除的对话没有第 {number} 页。请选择 1 到 {pages}。",
)


def deleted(app: App, action: str, conversation_id: str, page: int) -> Iterator[str]:
    """List a page (from 1) of what was deleted, restore one, or erase one. Raises ConfigError."""
    if action == "list" and not conversation_id:
        yield from _listed(app, page)
    elif action in ("restore", "erase") and conversation_id:
        try:
            yield _restored(app, conversation_id) if action == "restore" else _erased(app, conversation_id)
        except NotFoundError:
            raise ConfigError(_NOT_DELETED.format(id=conversation_id)) from None
    else:
        raise ConfigError(_USAGE)


def _restored(app: App, conversation_id: str) -> str:
    app.store.undelete(conversation_id)
    return f"“{app.store.info(conversation_id).title}” is among the conversations again."


def _erased(app: App, conversation_id: str) -> str:
    erase_now(app, conversation_id)
    running = any(run.alive for run in Runs(app.settings.data_dir).all())
    later = " A training that runs gives it up when it ends." if running else ""
    return f"Erased for good. Backups and archives keep it.{later}"


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
