"""The store: conversations, their turns and replies, kept for good. Takes and returns those of `r1chat.conversations`.

Ids are made here. An id that is not, or no longer, there raises NotFoundError, and so does one in a deleted
conversation; every method raises StoreError where the database refuses. Whatever changes the shape of a conversation
first locks that conversation's row, so that threads and processes take turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Set
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, insert, select, update

from r1chat.both import Both
from r1chat.conversations import (
    Behaviour,
    Conversation,
    ConversationInfo,
    ConversationPage,
    MomentLabel,
    Provenance,
    StoredReply,
    StoredTurn,
    Verdict,
)
from r1chat.errors import NotFoundError, StoreError
from r1chat.messages import LONGEST_NAME, ClosedBy, Reply
from r1chat.store import labels, listing, lookup, search
from r1chat.store.archive import Archive
from r1chat.store.branches import load_tree, open_branch, read_replies, read_reply, read_steps, read_turn, read_vote
from r1chat.store.database import Database, DatabaseState
from r1chat.store.dataset import Dataset
from r1chat.store.erase import erase
from r1chat.store.incoming import PAUSE, SLICE
from r1chat.store.judgements import Judgements
from r1chat.store.presets import Presets
from r1chat.store.reply_owner import current_owner, is_alive
from r1chat.store.schema import (
    behaviour_columns,
    conversation_info,
    conversations,
    provenance_columns,
    replies,
    reply_columns,
    turns,
)
from r1chat.store.search_terms import excerpt, words
from r1chat.store.tree import Tree
from r1chat.store.withdrawal import withdraw_judgements

_Note = Callable[[Collection[str]], None] | None  # is given ids of conversations

# To make a statement takes longer than to run it: those of every message and reply are made once.
_CONVERSATION = update(conversations).where(conversations.c.number == bindparam("changed"))
_REPLY = update(replies).where(replies.c.id == bindparam("changed"))
_NEW_CONVERSATION, _NEW_TURN, _NEW_REPLY = insert(conversations), insert(turns), insert(replies)

SILENCE = timedelta(seconds=60)  # after which a reply counts as left, where nobody can tell whether its process lives


class Store:
    """All conversations in one database. Safe to use from any thread, and beside other processes that use it."""

    def __init__(self, url: str, patience: float = 5.0) -> None:
        """Opens `sqlite:///PATH` or `postgresql://…`, makes it or brings it up to date.

        `patience` is how long to wait for a locked database, in seconds. Raises StoreError for one that is newer, not a
        database, another program's, locked, unwritable or unreachable; it is then left as it was.
        """
        self._database = Database(url, patience)
        self.place = self._database.place
        """The file, or the URL without its password."""
        self.judgements = Judgements(self._database)
        self.dataset = Dataset(self._database)
        self.presets = Presets(self._database)
        self.archive = Archive(self._database)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def transaction(self) -> AbstractContextManager[None]:
        """Make one transaction of all that this thread reads and writes inside: all of it is stored, or nothing."""
        return self._database.transaction()

    def database_state(self) -> DatabaseState:
        """Kind, revision and size of the database."""
        return self._database.state()

    def holds(self, thing_id: str) -> bool:
        """Whether a conversation, a message or a reply has this id."""
        with self._database.read() as connection:
            return any(
                connection.scalar(select(table.c.id).where(table.c.id == thing_id)) is not None
                for table in (conversations, turns, replies)
            )

    # -- conversations ------------------------------------------------------------------------------------------------

    def new_conversation(self, title: str = "", model: str = "") -> ConversationInfo:
        """An empty conversation."""
        new_id, now = uuid4().hex, _now()
        values = {"id": new_id, "title": title, "model": model, "created_at": now, "updated_at": now}
        with self._database.write() as connection:
            connection.execute(_NEW_CONVERSATION, values)
            row = lookup.conversation(connection, new_id)
            search.index_new_title(connection, row["number"], title)
            return conversation_info(row)

    def conversations(self, limit: int = 200) -> list[ConversationInfo]:
        """The latest, newest message first."""
        return list(self.page(limit).conversations)

    def page(self, limit: int = 200, cursor: str = "") -> ConversationPage:
        """A part of the list of all conversations, newest message first: the first one, or that of a `cursor`.

        Raises StoreError for a cursor that no page gave.
        """
        latest = (
            select(conversations)
            .where(conversations.c.deleted_at.is_(None), listing.after(cursor))
            .order_by(*listing.NEWEST_FIRST)
            .limit(limit + 1)
        )
        total = select(func.count()).select_from(conversations).where(conversations.c.deleted_at.is_(None))
        with self._database.read() as connection:
            rows = connection.execute(latest).mappings().all()
            count = connection.scalar(total)
        infos = tuple(conversation_info(row) for row in rows[:limit])
        return ConversationPage(infos, count, listing.cursor(rows, limit), listing.moment(cursor))

    def search(self, query: str, limit: int = 50) -> list[ConversationInfo]:
        """The first conversations of `search_page`."""
        return list(self.search_page(query, limit).conversations)

    def search_page(self, query: str, limit: int = 50, cursor: str = "") -> ConversationPage:
        """Conversations that have all words of the query, in titles, messages, thoughts or answers; newest first.

        From three letters on a word also finds longer ones that begin with it; Chinese needs no spaces. Nothing is
        found by a query without letters and digits, nor in a reply that still grows. Raises StoreError for a cursor
        that no page gave.
        """
        query_words = words(query)
        with self._database.read() as connection:
            hits = search.find(connection, query_words, limit + 1, listing.after(cursor))
        infos = tuple(conversation_info(hit.conversation, excerpt(hit.text, query_words)) for hit in hits[:limit])
        next_cursor = listing.cursor([hit.conversation for hit in hits], limit)
        return ConversationPage(infos, None, next_cursor, listing.moment(cursor))

    def info(self, conversation_id: str) -> ConversationInfo:
        """What a conversation is called and how it goes on, without its turns."""
        with self._database.read() as connection:
            return conversation_info(lookup.conversation(connection, conversation_id))

    def kept(self, ids: Iterable[str]) -> set[str]:
        """Those ids that conversations have which are not deleted."""
        among = conversations.c.id.in_([conversation_id for conversation_id in ids if lookup.is_id(conversation_id)])
        query = select(conversations.c.id).where(among, conversations.c.deleted_at.is_(None))
        with self._database.read() as connection:
            return set(connection.scalars(query))

    def conversation(self, conversation_id: str) -> Conversation:
        """A conversation with its open branch, first message to last."""
        with self._database.read() as connection:
            row = lookup.conversation(connection, conversation_id)
            tree = load_tree(connection, row)
            return Conversation(conversation_info(row), tuple(read_steps(connection, tree, tree.open_branch())))

    def rename(self, conversation_id: str, title: str) -> None:
        """Give it another title, of which `LONGEST_NAME` characters are kept."""
        title = title[:LONGEST_NAME]
        with self._database.write() as connection:
            row = lookup.conversation(connection, conversation_id, lock=True)
            _change(connection, row, title=title)
            search.index_title(connection, row["number"], title)

    def set_model(self, conversation_id: str, model: str) -> None:
        """Remember which model it talks to."""
        with self._database.write() as connection:
            row = lookup.conversation(connection, conversation_id, lock=True)
            _change(connection, row, model=model[:LONGEST_NAME])

    def set_steering(self, conversation_id: str, budget: int | None, keep_thoughts: bool) -> None:
        """Remember how its next replies are steered; `budget` in thinking tokens, None for as many as there is room.

        Raises StoreError for a negative budget.
        """
        if budget is not None and budget < 0:
            raise StoreError(
                Both(
                    "A thinking budget cannot be {budget} tokens. Give a number from 0, or none.",
                    "思考预算不能是 {budget} 个 token。请给一个不小于 0 的数，或不设。",
                ).format(budget=budget)
            )
        with self._database.write() as connection:
            row = lookup.conversation(connection, conversation_id, lock=True)
            _change(connection, row, budget=budget, keep_thoughts=keep_thoughts)

    def set_behaviour(self, conversation_id: str, behaviour: Behaviour) -> None:
        """Remember how its next replies should behave."""
        with self._database.write() as connection:
            row = lookup.conversation(connection, conversation_id, lock=True)
            _change(connection, row, **behaviour_columns(behaviour))

    def last_with(self, model: str) -> ConversationInfo | None:
        """The conversation that was held with a model last; None where there is none."""
        latest = (
            select(conversations)
            .where(conversations.c.model == model, conversations.c.deleted_at.is_(None))
            .order_by(*listing.NEWEST_FIRST)
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(latest).mappings().first()
        return None if row is None else conversation_info(row)

    def set_seen_from(self, conversation_id: str, turn_id: str | None) -> None:
        """Remember from which message on its model is shown a branch; None: from the first."""
        with self._database.write() as connection:
            row = lookup.conversation(connection, conversation_id, lock=True)
            if turn_id is not None and turn_id not in load_tree(connection, row).turns:
                raise lookup.not_found("message")
            _change(connection, row, seen_from=turn_id)

    def delete(self, conversation_id: str) -> None:
        """Hide a conversation and all that is in it, until `undelete` or `purge`. A reply that grows is still saved."""
        with self._database.write() as connection:
            _change(connection, lookup.conversation(connection, conversation_id, lock=True), deleted_at=_now())

    def undelete(self, conversation_id: str) -> None:
        """Undo `delete`; does nothing to a conversation that is not deleted."""
        with self._database.write() as connection:
            _change(connection, lookup.conversation(connection, conversation_id, True, deleted=True), deleted_at=None)

    def deleted(self, limit: int = 50, cursor: str = "") -> ConversationPage:
        """A part of the list of what was deleted and can be restored, the latest deletion first; see `page`."""
        when = listing.DELETED
        restorable = when.is_not(None) & when.not_in(listing.left_of_imports())
        latest = (
            select(conversations)
            .where(restorable, listing.after(cursor, when))
            .order_by(when.desc(), conversations.c.number.desc())
            .limit(limit + 1)
        )
        total = select(func.count()).select_from(conversations).where(restorable)
        with self._database.read() as connection:
            rows = connection.execute(latest).mappings().all()
            count = connection.scalar(total)
        infos = tuple(conversation_info(row) for row in rows[:limit])
        return ConversationPage(infos, count, listing.cursor(rows, limit, when), listing.moment(cursor))

    def erase_now(self, conversation_id: str, note: _Note = None) -> None:
        """Erase a deleted conversation for good, before its time: no word of it stays. `note`: see `purge`.

        Raises NotFoundError also for one that is not deleted.
        """
        with self._database.write() as connection:
            row = lookup.conversation(connection, conversation_id, True, deleted=True)
            if row["deleted_at"] is None:
                raise lookup.not_found("conversation")
            if note:
                note([conversation_id])
            erase(connection, conversation_id)
            search.tidy(connection)

    def purge(self, older_than: timedelta, note: _Note = None) -> int:
        """Erase for good what was deleted longer ago than that; how many conversations. No word of them stays.

        In slices, so that replies are saved meanwhile. `note` is given the ids of each before it is erased; what it
        raises ends the work.
        What was deleted in the future, while the clock was wrong, counts as deleted now; what was not deleted together
        has moments of its own, see `listing.left_of_imports`.
        """
        now, deleted = _now(), conversations.c.deleted_at
        gone = select(conversations.c.id).where(deleted < now - older_than)
        ahead = select(conversations.c.id).where(deleted > now)
        with self._database.read() as connection:
            if not any(connection.scalars(some.limit(1)).first() for some in (gone, ahead)):  # as a rule
                return 0  # nobody else has to wait
        with self._database.write() as connection:
            moments = connection.scalars(select(deleted).where(deleted > now).distinct().order_by(deleted.desc())).all()
            for number, moment in enumerate(moments):
                this = update(conversations).where(deleted == moment)
                connection.execute(this.values(deleted_at=now - timedelta(microseconds=number)))
        erased = 0
        while number := self._erase_some(gone, note):
            erased += number
            time.sleep(PAUSE)
        with self._database.write() as connection:
            search.tidy(connection)
        return erased

    def _erase_some(self, gone: Select[Any], note: _Note) -> int:
        """Erase some of these conversations for good, in a transaction as short as others can wait for; how many."""
        until, erased = time.monotonic() + SLICE, 0
        with self._database.write() as connection:
            ids = connection.scalars(gone.limit(100).with_for_update()).all()
            if note:
                note(ids)
            for conversation_id in ids:
                erase(connection, conversation_id)
                erased += 1
                if time.monotonic() > until:
                    break
        return erased

    def erased(self, ids: Set[str]) -> set[str]:
        """Those of some ids of conversations that are in the store no more, not even as deleted ones."""
        present: set[str] = set()
        with self._database.read() as connection:
            ordered = sorted(ids)
            for start in range(0, len(ordered), 500):
                part = ordered[start : start + 500]
                present.update(connection.scalars(select(conversations.c.id).where(conversations.c.id.in_(part))))
        return set(ids) - present

    # -- turns and branches -------------------------------------------------------------------------------------------

    def add_turn(self, conversation_id: str, content: str, parent_reply_id: str | None) -> StoredTurn:
        """A message after that reply, or a first one after None; the open branch then ends in it."""
        new_id, now = uuid4().hex, _now()
        with self._database.write() as connection:
            row = lookup.conversation(connection, conversation_id, lock=True)
            tree = load_tree(connection, row)
            _check_is_in(tree, parent_reply_id)
            values = {
                "id": new_id,
                "conversation_id": conversation_id,
                "parent_reply_id": parent_reply_id,
                "position": len(tree.turns_after(parent_reply_id)) + 1,
                "created_at": now,
                "content": content,
            }
            connection.execute(_NEW_TURN, values)
            _change(connection, row, updated_at=now)
            open_branch(connection, row, new_id)
            search.index_new(connection, row["number"], new_id, content)
            return read_turn(connection, row, new_id)

    def turn(self, turn_id: str) -> StoredTurn:
        """A message with the reply that it shows."""
        with self._database.read() as connection:
            return read_turn(connection, lookup.conversation_of_turn(connection, turn_id), turn_id)

    def turns_after(self, conversation_id: str, parent_reply_id: str | None) -> list[StoredTurn]:
        """All messages that follow that reply (None: that a branch begins with), each with the reply that it shows."""
        with self._database.read() as connection:
            tree = load_tree(connection, lookup.conversation(connection, conversation_id))
            _check_is_in(tree, parent_reply_id)
            steps = [(turn, tree.shown_reply(turn)) for turn in tree.turns_after(parent_reply_id)]
            return read_steps(connection, tree, steps)

    def path(self, turn_id: str) -> list[StoredTurn]:
        """From the first message to this one, each with the reply that leads here; the last with the one it shows."""
        with self._database.read() as connection:
            tree = load_tree(connection, lookup.conversation_of_turn(connection, turn_id))
            return read_steps(connection, tree, tree.path_to(turn_id))

    def show_turn(self, turn_id: str) -> None:
        """Open the branch through this message, and below it what was open there last."""
        with self._database.write() as connection:
            open_branch(connection, lookup.conversation_of_turn(connection, turn_id, lock=True), turn_id)

    def show_reply(self, reply_id: str) -> None:
        """Open the branch through this reply, and below it what was open there last."""
        with self._database.write() as connection:
            row = lookup.conversation_of_reply(connection, reply_id, lock=True)
            open_branch(connection, row, read_reply(connection, reply_id).turn_id, reply_id)

    # -- replies ------------------------------------------------------------------------------------------------------

    def add_reply(
        self,
        turn_id: str,
        provenance: Provenance,
        reply: Reply = Reply(),  # noqa: B008  frozen
        owner: str | None = None,
    ) -> StoredReply:
        """Another reply to a message, made by `owner` (default: this process); the open branch then goes through it."""
        new_id, now = uuid4().hex, _now()
        with self._database.write() as connection:
            row = lookup.conversation_of_turn(connection, turn_id, lock=True)
            _check_links(connection, provenance)
            place = {
                "id": new_id,
                "turn_id": turn_id,
                "position": len(load_tree(connection, row).replies_to(turn_id)) + 1,
                "owner": owner or current_owner(),
                "created_at": now,
                "saved_at": now,
            }
            connection.execute(_NEW_REPLY, place | reply_columns(reply) | provenance_columns(provenance))
            _change(connection, row, updated_at=now)
            open_branch(connection, row, turn_id, new_id)
            if reply.finish is not None:
                search.index_new_reply(connection, row["number"], new_id, reply)
            return read_reply(connection, new_id)

    def save_reply(self, reply_id: str, reply: Reply, closed_by: ClosedBy | None = None) -> None:
        """Replace what was saved of a reply, and who closed its thought (None: leave that as it is).

        Once it has a `finish`, a search finds it. Until then it belongs to this process. It is saved in a deleted
        conversation as well. Judgements of a text that it no longer has are taken back.
        """
        values = {} if closed_by is None else {"closed_by": closed_by}
        with self._database.write() as connection:
            withdraw_judgements(connection, reply_id, reply)
            if reply.finish is None:
                _overwrite(connection, reply_id, reply, owner=current_owner(), **values)
            else:
                row = lookup.conversation_of_reply(connection, reply_id, lock=True, deleted=True)
                _overwrite(connection, reply_id, reply, **values)
                search.index_reply(connection, row["number"], reply_id, reply)

    def take_reply(self, reply_id: str) -> StoredReply | None:
        """Make a reply this process's own, to go on with it: as it is now. None while another process makes it.

        From then on it has no end, until `save_reply` gives it one.
        """
        of_this = replies.c.id == reply_id
        with self._database.write() as connection:
            lookup.conversation_of_reply(connection, reply_id, lock=True)
            row = connection.execute(select(replies.c.finish, replies.c.owner, replies.c.saved_at).where(of_this)).one()
            if row.finish is None and row.owner != current_owner() and not _is_left(row.owner, row.saved_at):
                return None
            stored = read_reply(connection, reply_id)
            values = {"finish": None, "owner": current_owner(), "saved_at": _now()}
            connection.execute(update(replies).where(of_this).values(values))
            return stored

    def set_provenance(self, reply_id: str, provenance: Provenance) -> None:
        """Say anew how a reply came to be."""
        with self._database.write() as connection:
            lookup.conversation_of_reply(connection, reply_id, deleted=True)
            _check_links(connection, provenance)
            this = update(replies).where(replies.c.id == reply_id)
            connection.execute(this.values(provenance_columns(provenance)))

    def reply(self, reply_id: str) -> StoredReply:
        """A reply with its place among its siblings."""
        with self._database.read() as connection:
            lookup.conversation_of_reply(connection, reply_id)
            return read_reply(connection, reply_id)

    def replies(self, turn_id: str) -> list[StoredReply]:
        """All replies to a message, oldest first."""
        with self._database.read() as connection:
            lookup.conversation_of_turn(connection, turn_id)
            return read_replies(connection, turn_id)

    def votes(self, vote_id: str, turn_id: str | None = None) -> list[StoredReply]:
        """The samples of one vote, oldest first; `turn_id`: to this message, and to others after the same reply."""
        with self._database.read() as connection:
            if turn_id is None:
                lookup.conversation_of_vote(connection, vote_id)
            else:
                lookup.conversation_of_turn(connection, turn_id)
            return read_vote(connection, vote_id, turn_id)

    def interrupt_unfinished(self) -> list[str]:
        """Mark replies as "interrupted" that no process makes any more; the ids of their conversations, one a reply.

        A reply is left alone as long as its process lives or, where that cannot be told, was saved in the last minute.
        """
        unfinished = select(replies.c.id, replies.c.owner, replies.c.saved_at).where(replies.c.finish.is_(None))
        with self._database.read() as connection:
            growing = connection.execute(unfinished).all()
        left = [(row.id, row.saved_at) for row in growing if _is_left(row.owner, row.saved_at)]
        return [conversation for row in left if (conversation := self._interrupt(*row)) is not None]

    def _interrupt(self, reply_id: str, saved_at: datetime) -> str | None:
        """Mark one reply, unless somebody took it up since `saved_at`; the id of its conversation."""
        with suppress(NotFoundError), self._database.write() as connection:  # it may be erased at this moment
            row = lookup.conversation_of_reply(connection, reply_id, lock=True, deleted=True)
            unchanged = (replies.c.id == reply_id, replies.c.finish.is_(None), replies.c.saved_at == saved_at)
            if connection.execute(update(replies).where(*unchanged).values(finish="interrupted")).rowcount:
                search.index_reply(connection, row["number"], reply_id, read_reply(connection, reply_id).reply)
                return str(row["id"])
        return None

    # -- judgements ---------------------------------------------------------------------------------------------------

    def label_moment(
        self, reply_id: str, start: int, end: int, kind: str, verdict: Verdict, rater: str = ""
    ) -> MomentLabel:
        """A person's word on `reasoning[start:end]`; it supersedes what was said of the same span, which is kept.

        Raises StoreError for a span that is no part of the thought.
        """
        with self._database.write() as connection:
            lookup.conversation_of_reply(connection, reply_id, lock=True)
            return labels.add(connection, reply_id, (start, end), kind, verdict, rater, _now())

    def moment_labels_in(self, conversation_id: str) -> list[MomentLabel]:
        """The labels in force on the moments of all replies of a conversation, oldest first."""
        with self._database.read() as connection:
            lookup.conversation(connection, conversation_id)
            return labels.in_force_in(connection, conversation_id)

    def all_moment_labels(self) -> list[tuple[MomentLabel, str]]:
        """The labels in force on the moments of all conversations that are not deleted, each with its reasoning."""
        with self._database.read() as connection:
            return labels.all_in_force(connection)

    def moment_labels(self, reply_id: str) -> list[MomentLabel]:
        """The labels in force on a reply: the newest of each span, in the order of the thought."""
        with self._database.read() as connection:
            lookup.conversation_of_reply(connection, reply_id)
            return labels.in_force(connection, reply_id)


def _now() -> datetime:
    return datetime.now(UTC)


def _change(connection: Connection, row: RowMapping, **values: Any) -> None:
    connection.execute(_CONVERSATION, {"changed": row["number"], **values})


def _overwrite(connection: Connection, reply_id: str, reply: Reply, **more: str) -> None:
    lookup.check_id(reply_id, "reply")
    values = reply_columns(reply) | {"saved_at": _now()} | more
    if not connection.execute(_REPLY, {"changed": reply_id, **values}).rowcount:
        raise lookup.not_found("reply")


def _check_is_in(tree: Tree, reply_id: str | None) -> None:
    if reply_id is not None:
        lookup.check_id(reply_id, "reply")
        if reply_id not in tree.replies:
            raise lookup.not_found("reply")


def _check_links(connection: Connection, provenance: Provenance) -> None:
    if provenance.parent_id is not None:
        lookup.conversation_of_reply(connection, provenance.parent_id, deleted=True)
    if provenance.vote_id is not None:
        lookup.check_id(provenance.vote_id, "vote")


def _is_left(owner: str, saved_at: datetime) -> bool:
    """Whether the process that made a reply has ended, or can no longer be expected to go on."""
    alive = is_alive(owner)
    return not alive if alive is not None else _now() - saved_at > SILENCE
