"""The connection: SQLite or PostgreSQL, one transaction an operation, migrations, and sentences for what goes wrong.

SQLite runs in WAL mode, so that the page and a terminal can use one file: readers never wait, writers take turns. A
write begins with BEGIN IMMEDIATE: it waits for its turn at the start and cannot fail half-way. With `synchronous =
NORMAL` a killed process loses nothing that was committed; a power cut may lose the last moments, never the file.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, StaticPool

from r1chat.both import Both
from r1chat.errors import StoreError
from r1chat.listener import other_account_at, other_account_of
from r1chat.loopback import is_this_computer
from r1chat.store import backup, dialect, migrations
from r1chat.store.journal import require_own_journal
from r1chat.store.migrations import snapshot
from r1chat.store.schema import conversations, replies

log = logging.getLogger(__name__)

_PUBLIC = ("host", "hostaddr", "port", "dbname", "user", "service")  # of a URL's query; the rest may be a secret

IN_MEMORY = "memory:"  # in place of a URL: a database that is gone when it is closed
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
_WRITE = "BEGIN IMMEDIATE"  # waits for its turn now
_MIGRATION_LOCK = 7_218_441  # any number; two processes that migrate one PostgreSQL database must agree on it


_FOREIGN = Both(
    "The database {place} belongs to another program: it has tables, and none of them is r1chat's. Give r1chat a "
    "database of its own.",
    "数据库 {place} 属于另一个程序：里面的表都不是 r1chat 的。请给 r1chat 一个自己的数据库。",
)
_NEWER = Both(
    "The database {place} comes from a newer version of r1chat (revision {revision}; this version knows up to "
    "{latest}). Update r1chat, or use another data folder; nothing was changed.",
    "数据库 {place} 来自更新版本的 r1chat（修订 {revision}；这个版本只认识到 {latest}）。"
    "请更新 r1chat，或使用另一个数据文件夹；没有任何改动。",
)
_BROKEN_LINKS = Both(
    "{place} could not be brought up to date: it has replies without their message. It was left as it was; restore a "
    "copy of it, or move it away.",
    "{place} 无法升级：其中有的回复没有对应的消息。它保持原样；请恢复一个副本，或把它移走。",
)
_NO_DRIVER = Both(
    "PostgreSQL needs one more package. Install it: pip install 'r1chat[postgres]'.",
    "使用 PostgreSQL 还需要一个软件包。请安装：pip install 'r1chat[postgres]'。",
)
_LARGE_NUMBER = Both(
    "The database cannot hold such a number ({error}). Choose a smaller one.",
    "数据库存不下这样的数（{error}）。请用小一些的数。",
)
_NO_SERVER = Both(
    "PostgreSQL does not answer at {place} ({reason}). Check that it runs, and the address, the name and the password "
    "in the database URL.",
    "PostgreSQL 在 {place} 没有回应（{reason}）。请检查它是否在运行，以及数据库地址中的主机、名称和密码。",
)
_NOT_UTF8 = Both(
    "The database at {place} has the encoding {encoding}, which cannot hold every text. Make one with UTF-8, as by "
    "CREATE DATABASE r1chat ENCODING 'UTF8' TEMPLATE template0, and name it in the database URL.",
    "{place} 的数据库编码是 {encoding}，无法保存所有文字。请建立 UTF-8 编码的数据库，例如 "
    "CREATE DATABASE r1chat ENCODING 'UTF8' TEMPLATE template0，并在数据库地址中使用它。",
)
_OTHER_ACCOUNT = Both(
    "At {place} listens a program of {account}, another account of this computer, so nothing was sent there, and no "
    "password. Start your own PostgreSQL there, or name another address in the database URL.",
    "在 {place} 监听的是这台电脑上另一个账户 {account} 的程序，因此没有向它发送任何内容，也没有发送密码。"
    "请在那里启动你自己的 PostgreSQL，或在数据库地址中改用别的地址。",
)
_LOCKED = Both(
    "The database {place} has been held by another program for {seconds:g} s. Close that program, then try again.",
    "数据库 {place} 已被另一个程序占用 {seconds:g} 秒。请关闭那个程序，然后再试。",
)
_DAMAGED = Both(
    "{place} is not a database, or is damaged ({reason}). Restore a copy of it, or move it away.",
    "{place} 不是数据库，或已损坏（{reason}）。请恢复一个副本，或把它移走。",
)
_FULL = Both(
    "The database {place} could not be written ({reason}). Look whether the disk is full or failing, then try again.",
    "数据库 {place} 无法写入（{reason}）。请检查磁盘是否已满或有故障，然后再试。",
)
_READ_ONLY = Both(
    "The database {place} cannot be written to ({reason}). Change the permissions of the file and of its folder, or "
    "use another data folder.",
    "数据库 {place} 不可写（{reason}）。请更改文件及其文件夹的权限，或使用另一个数据文件夹。",
)
_REFUSED = Both(
    "{place} refused: {reason}. Nothing was changed; r1chat doctor shows its state.",
    "{place} 拒绝了：{reason}。没有任何改动；r1chat doctor 会显示它的状态。",
)
_BAD_URL = Both(
    "The database URL cannot be used. Write sqlite:///PATH for a file, or postgresql://NAME:PASSWORD@HOST/DATABASE for "
    "a server.",
    "数据库地址不可用。文件请写 sqlite:///PATH，服务器请写 postgresql://NAME:PASSWORD@HOST/DATABASE。",
)
_NO_FILE = Both(
    "The database {path} cannot be made or opened ({reason}). Change the permissions of its folder, or use another "
    "data folder.",
    "数据库 {path} 无法创建或打开（{reason}）。请更改其文件夹的权限，或使用另一个数据文件夹。",
)


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """What `r1chat doctor` says of the database. What was deleted counts until it is purged."""

    kind: str  # "sqlite" or "postgresql"
    version: str  # of SQLite, or of the server
    place: str  # the file, or the URL without its secrets
    revision: str
    conversations: int
    replies: int
    size: int  # bytes


class Database:
    """An open database of the latest revision. Safe to use from any thread; each operation has its own connection."""

    def __init__(self, url: str, patience: float) -> None:
        """Opens, makes or migrates it. `patience`: seconds to wait for a locked one. Raises StoreError."""
        self._in_memory = url == IN_MEMORY
        self._turns: AbstractContextManager[object] = threading.RLock() if self._in_memory else nullcontext()
        self._url = URL.create("sqlite+pysqlite", database=":memory:") if self._in_memory else _parse(url)
        self._patience = patience
        self._transaction = threading.local()
        self.kind = self._url.get_backend_name()
        if self.kind == "sqlite":
            self.place = self._url.database or ""
            if not self._in_memory:
                require_own_journal(Path(self.place))
                _make_file(Path(self.place))
        else:
            query = {key: value for key, value in self._url.query.items() if key in _PUBLIC}
            self.place = self._url.set(query=query).render_as_string(hide_password=True)
        self._engine = self._new_engine()
        self._reader = (
            self._engine
            if self.kind == "sqlite"  # there every transaction sees one moment
            else self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        )
        try:
            with self.read() as connection:
                if self.kind == "postgresql":
                    encoding = connection.scalar(text("SHOW server_encoding"))
                    if encoding != "UTF8":
                        raise StoreError(_NOT_UTF8.format(place=self.place, encoding=encoding))
                revision = self._revision(connection)
            if revision is None and self.kind == "sqlite":
                with self.write() as connection:
                    revision = self._revision(connection)
                    if revision is None:  # and no other process was faster
                        snapshot.create(connection)
                        revision = self._revision(connection)
            if revision != migrations.LATEST:
                if revision is not None and self.kind == "sqlite" and not self._in_memory:
                    copy = backup.before_migration(Path(self.place), revision)
                    log.info("copied the database to %s before it is brought up to date", copy.path)
                self._migrate()
        except StoreError:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent look at the data. Raises StoreError."""
        with self._sentences(), self._turns, self._joined() or self._begun(self._reader) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """All or nothing: an exception inside undoes everything. Raises StoreError."""
        with (
            self._sentences(),
            self._turns,
            self._joined() or self._begun(self._engine, _WRITE) as connection,
        ):
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Whatever this thread reads and writes inside is one transaction. An exception that leaves it undoes all."""
        with self.write() as connection:
            outer, self._transaction.connection = self._connection(), connection
            try:
                yield
            finally:
                self._transaction.connection = outer

    @contextmanager
    def _begun(self, engine: Engine, begin: str = "BEGIN") -> Iterator[Connection]:
        """A transaction, which SQLite is told to `begin`. An event of SQLAlchemy would be asked at each statement."""
        with engine.begin() as connection:
            if self.kind == "sqlite":
                connection.exec_driver_sql(begin)
            yield connection

    def _connection(self) -> Connection | None:
        """The connection of the `transaction` that this thread is in."""
        connection: Connection | None = getattr(self._transaction, "connection", None)
        return connection

    def _joined(self) -> AbstractContextManager[Connection] | None:
        connection = self._connection()
        return None if connection is None else nullcontext(connection)

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def state(self) -> DatabaseState:
        """Kind, revision and size."""
        size = (
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            if self.kind == "sqlite"
            else "SELECT pg_database_size(current_database())"
        )
        with self.read() as connection:
            return DatabaseState(
                kind=self.kind,
                version=".".join(str(number) for number in connection.dialect.server_version_info or ()),
                place=self.place,
                revision=self._revision(connection) or "",
                conversations=connection.scalar(select(func.count()).select_from(conversations)) or 0,
                replies=connection.scalar(select(func.count()).select_from(replies)) or 0,
                size=int(connection.scalar(text(size)) or 0),
            )

    # -- opening ------------------------------------------------------------------------------------------------------

    def _new_engine(self, migrating: bool = False) -> Engine:
        pool: dict[str, Any] = {"poolclass": NullPool} if migrating else {"max_overflow": -1}  # a thread never waits
        if self._in_memory:
            pool = {"poolclass": StaticPool}  # one connection, for one transaction at a time: it is the database
        try:
            if self.kind == "postgresql":
                connect: dict[str, Any] = {
                    "connect_timeout": max(2, round(self._patience)),  # psycopg takes no less
                    "client_encoding": "utf8",
                }
                engine = create_engine(
                    self._url, connect_args=connect, pool_pre_ping=True, hide_parameters=True, **pool
                )
                event.listen(engine, "do_connect", self._require_no_other_account)
                return engine
            connect = {"timeout": self._patience, "isolation_level": None, "check_same_thread": False}
            url, options = self._url.set(drivername=dialect.DRIVER), {"compiled_cache": dialect.COMPILED}
            engine = create_engine(  # no text in the log
                url, connect_args=connect, execution_options=options, hide_parameters=True, **pool
            )
        except ModuleNotFoundError:
            raise StoreError(_NO_DRIVER) from None
        except (ArgumentError, ValueError):
            raise StoreError(_BAD_URL) from None

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten; some builds do not
            connection.execute("PRAGMA cache_size = -16000")  # kilobytes
            if self._in_memory:
                connection.execute("PRAGMA temp_store = MEMORY")  # what is sorted does not go to disk either
            # A migration that rebuilds a table drops the old one: with foreign keys on, that would empty others.
            connection.execute(f"PRAGMA foreign_keys = {'OFF' if migrating else 'ON'}")

        return engine

    def _require_no_other_account(
        self, dialect: object, record: object, words: object, options: dict[str, Any]
    ) -> None:
        """Raise StoreError before a password goes to a program of another person's account on this computer."""
        for host, port in _servers(options):
            if host.startswith("/"):
                account = other_account_of(Path(host, f".s.PGSQL.{port}"))
            else:
                account = other_account_at(f"postgresql://{f'[{host}]' if ':' in host else host}:{port}")
            if account:
                raise StoreError(_OTHER_ACCOUNT.format(place=f"{host}:{port}", account=account))

    def _migrate(self) -> None:
        """To the latest revision, in one transaction: it succeeds, or the data stays as it was."""
        engine = self._engine if self._in_memory else self._new_engine(migrating=True)
        try:
            with self._sentences(), self._begun(engine, _WRITE) as connection:
                if self.kind == "postgresql":
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
                if self._revision(connection) == migrations.LATEST:
                    return  # another process was faster
                migrations.upgrade(connection)
                if self.kind == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).first():
                    raise StoreError(_BROKEN_LINKS.format(place=self.place))
        finally:
            if not self._in_memory:
                engine.dispose()

    def _revision(self, connection: Connection) -> str | None:
        if self.kind == "sqlite":  # `inspect` takes ten times as long, at each start
            tables = set(connection.exec_driver_sql(_TABLES).scalars())
        else:
            tables = set(inspect(connection).get_table_names())
        if migrations.VERSION_TABLE not in tables:
            if tables:
                raise StoreError(_FOREIGN.format(place=self.place))
            return None
        revision: str | None = connection.scalar(text(f"SELECT version_num FROM {migrations.VERSION_TABLE}"))
        if revision is not None and revision not in migrations.REVISIONS:
            raise StoreError(_NEWER.format(place=self.place, revision=revision, latest=migrations.LATEST))
        return revision

    # -- what goes wrong ----------------------------------------------------------------------------------------------

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except OverflowError as error:
            raise StoreError(_LARGE_NUMBER.format(error=error)) from error
        except (DBAPIError, sqlite3.Error) as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split())
            if self.kind == "sqlite":
                raise StoreError(self._sqlite_sentence(reason)) from error
            if isinstance(error, OperationalError):
                raise StoreError(_NO_SERVER.format(place=self.place, reason=reason)) from error
            raise StoreError(_REFUSED.format(place=f"PostgreSQL at {self.place}", reason=reason)) from error

    def _sqlite_sentence(self, reason: str) -> Both:
        """What an error message of SQLite means, and what to do."""
        if "locked" in reason or "busy" in reason:
            return _LOCKED.format(place=self.place, seconds=self._patience)
        if "not a database" in reason or "malformed" in reason:
            return _DAMAGED.format(place=self.place, reason=reason)
        if "full" in reason or "I/O" in reason:
            return _FULL.format(place=self.place, reason=reason)
        if "readonly" in reason or "unable to open" in reason:
            return _READ_ONLY.format(place=self.place, reason=reason)
        return _REFUSED.format(place=f"The database {self.place}", reason=reason)


def hosts_elsewhere(url: str) -> list[str]:
    """The hosts outside this computer at which a database is, all that the driver would try; none of SQLite's.

    Raises StoreError where that cannot be known.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() != "postgresql":
        return []
    try:
        import psycopg

        options = parsed.get_dialect()().create_connect_args(parsed)[1]
        hosts = {host for host, _ in _servers(options) if not host.startswith("/")}
    except ModuleNotFoundError:
        raise StoreError(_NO_DRIVER) from None
    except (psycopg.Error, ArgumentError, ValueError) as error:
        raise StoreError(_BAD_URL) from error
    return sorted(host for host in hosts if not is_this_computer(host))


def _servers(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Host, or folder of a socket, and port of each server that libpq tries, wherever it takes them from: the URL, the
    environment, a service file. It begins to connect for that, sends nothing, and raises what it raises.
    """
    from psycopg.conninfo import make_conninfo
    from psycopg.pq import Conninfo, PGconn

    known = {option.keyword.decode() for option in Conninfo.get_defaults()}  # others are the driver's own
    own = {name: value for name, value in options.items() if name in known}
    connection = PGconn.connect_start(make_conninfo("", **own).encode())
    try:
        values = {option.keyword: (option.val or b"").decode().split(",") for option in connection.info}
        usual = connection.host.decode()
    finally:
        connection.finish()
    hosts, ports = values[b"host"], values[b"port"]
    places = zip_longest(values[b"hostaddr"], hosts, fillvalue="")
    return [
        (address or host or usual, ports[min(index, len(ports) - 1)]) for index, (address, host) in enumerate(places)
    ]


def _parse(url: str) -> URL:
    file = url.removeprefix("sqlite:///")
    if file not in (url, "", ":memory:"):
        return URL.create("sqlite+pysqlite", database=file)  # a path may hold any character: nothing in it is decoded
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() in ("postgresql", "postgres"):
            return parsed.set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        pass  # the sentence below is clearer
    raise StoreError(_BAD_URL)


def _make_file(path: Path) -> None:
    """Conversations are private: a new file is for its owner alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise StoreError(_NO_FILE.format(path=path, reason=error.strerror)) from None
