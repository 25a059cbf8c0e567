"""Copies of an SQLite database: one at any time, one before each migration, and putting one back.

A copy is made by SQLite's online backup in one read transaction: it is consistent while r1chat runs and writes. It is
checked before it gets its name. PostgreSQL has its own tools, and is told so.
"""

from __future__ import annotations

import glob
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkstemp

from r1chat.both import Both, Wording
from r1chat.errors import StoreError
from r1chat.files import named_path, sweep
from r1chat.store import migrations, strict_check
from r1chat.store.journal import require_own_journal

FOLDER = "backups"  # beside the database
KEPT = 5  # of the copies that are made before migrations
_PATIENCE = 10.0  # seconds
RATERS = 4  # of a database that are told
_JUDGED = ("rating", "step_label", "comparison", "reference", "moment_label")
_HAS_RATER = "SELECT 1 FROM pragma_table_info(?) WHERE name = 'rater'"
_ABANDONED = 86_400  # seconds after which nobody writes a copy any more

NO_FILE = Both("There is no file {file}. Give one that exists.", "文件 {file} 不存在。请给出存在的文件。")
_TAKEN = Both(
    "{file} exists already. Give another name, or move it away; nothing was written.",
    "{file} 已经存在。请换一个名字，或把它移走；没有写入任何内容。",
)
_FAILED = Both(
    "The database {file} could not be copied to {target} ({reason}). Nothing else was changed. Look whether the disk "
    "is full; where the database is damaged, `r1chat rescue FILE` saves what can be read.",
    "数据库 {file} 无法复制到 {target}（{reason}）。其他内容没有改动。请检查磁盘是否已满；如果数据库已损坏，"
    "`r1chat rescue FILE` 会救出能读取的部分。",
)
_DAMAGED = Both(
    "{file} is damaged ({reason}). Nothing was changed. `r1chat rescue FILE --from {file}` saves what can be read.",
    "{file} 已损坏（{reason}）。没有任何改动。`r1chat rescue FILE --from {file}` 会救出能读取的部分。",
)
_FOREIGN = Both(
    "{file} is no database of r1chat, or of a newer version of it. Nothing was changed. Archives are for `r1chat "
    "import`.",
    "{file} 不是 r1chat 的数据库，或来自更新的版本。没有任何改动。存档请用 `r1chat import`。",
)
_UNEXPECTED = Both(
    "{file} is not a database as r1chat makes them: {reason}. Nothing was changed. Choose another backup, or save the "
    "rows that are sound into a new file: `r1chat rescue FILE --from {file}`.",
    "{file} 与 r1chat 创建的数据库不同：{reason}。没有任何改动。请选择另一个备份，或把完好的行救到新文件中："
    "`r1chat rescue FILE --from {file}`。",
)
NEWER = Both(
    "{file} comes from a newer version of r1chat, and this one would lose a part of it. Nothing was changed. Update "
    "r1chat, then try again.",
    "{file} 来自更新版本的 r1chat，当前版本会丢失其中一部分。没有任何改动。请更新 r1chat 后再试。",
)
_TOO_LONG = Both("reading it takes too long", "读取它耗时太长")
_IN_USE = Both(
    "The database {file} is open in another program. Close r1chat everywhere, then try again; nothing was changed.",
    "数据库 {file} 正在另一个程序中打开。请关闭所有 r1chat，然后再试；没有任何改动。",
)
_POSTGRESQL = Both(
    "The conversations are in PostgreSQL, which has tools of its own: `pg_dump -Fc URL -f FILE` makes a copy, "
    "`pg_restore --clean -d URL FILE` puts it back.",
    "对话保存在 PostgreSQL 中，它有自己的工具：`pg_dump -Fc URL -f FILE` 备份，`pg_restore --clean -d URL FILE` 恢复。",
)


@dataclass(frozen=True, slots=True)
class Copy:
    """A checked copy, or a database as it was put back."""

    path: Path
    revision: str
    conversations: int
    replies: int
    size: int  # bytes


def database_file(url: str) -> Path:
    """The file of an SQLite URL. Raises StoreError for PostgreSQL."""
    if not url.startswith("sqlite:///"):
        raise StoreError(_POSTGRESQL)
    return Path(url.removeprefix("sqlite:///"))


def backup(source: Path, target: Path) -> Copy:
    """Copy a database to a new file, or under a name of its own into a folder. Raises StoreError."""
    target = named_path(target)
    if target.is_dir():
        target = target / f"r1chat-{datetime.now():%Y-%m-%d-%H%M%S}.db"
    if not source.exists():
        raise StoreError(NO_FILE.format(file=source))
    if target.exists():
        raise StoreError(_TAKEN.format(file=target))
    return _copy(source, target)


def before_migration(source: Path, revision: str) -> Copy:
    """Copy a database before it changes its form; the oldest of such copies are deleted. Raises StoreError."""
    folder = source.parent / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(_FAILED.format(file=source, target=folder, reason=error.strerror)) from None
    stem = f"before-update-{revision}-{datetime.now():%Y-%m-%d-%H%M%S}"
    number = 0
    while (target := folder / f"{stem}{f'-{number}' if number else ''}.db").exists():
        number += 1
    copy = _copy(source, target)
    others = [file for file in folder.glob("before-update-*.db") if file != target]  # a clock may have been wrong
    for old in sorted(others, key=lambda file: file.stat().st_mtime)[: 1 - KEPT]:
        with suppress(OSError):
            old.unlink()
    return copy


def forget_old_copies(url: str, older_than: timedelta) -> None:
    """Delete the copies before migrations that are older: they may hold what was erased for good since then.

    Those that a kill left half-written, and the same of `restore`, go when nobody has written to them for a day.
    """
    if not url.startswith("sqlite:///"):
        return
    database = database_file(url)
    whole = (database.parent / FOLDER).glob("before-update-*.db")
    halves = [
        *(database.parent / FOLDER).glob(".before-update-*.part*"),
        *database.parent.glob(f".{glob.escape(database.stem)}-before-restore-*.part"),
        *database.parent.glob(f".{glob.escape(database.name)}.restoring"),
        *database.parent.glob(f"..{glob.escape(database.name)}.restoring.*.part*"),
    ]
    for files, seconds in ((whole, older_than.total_seconds()), (halves, _ABANDONED)):
        for copy in files:
            with suppress(OSError):
                age = time.time() - copy.stat().st_mtime
                if age > seconds:
                    copy.unlink()
                elif age < 0:  # made while the clock was wrong: from today on it ages
                    os.utime(copy)


def restore(copy: Path, database: Path) -> tuple[Copy, Path | None]:
    """Put a copy in the place of a database; also where the old one went, if there was one. Raises StoreError.

    The copy may come from anybody, so it is checked strictly first (see `strict_check`). The old database is kept,
    damaged or not; nothing is deleted. A kill at any time leaves the old database in its place, or the new one.
    """
    copy = named_path(copy)
    if not copy.is_file():
        raise StoreError(NO_FILE.format(file=copy))
    check(copy, strict=True)
    database.parent.mkdir(parents=True, exist_ok=True)
    new = database.with_name(f".{database.name}.restoring")
    new.unlink(missing_ok=True)
    restored = _copy(copy, new, strict=True)
    try:
        _distrust(new, copy)
        old_path = _keep(database) if database.exists() else None
        new.replace(database)
    finally:
        new.unlink(missing_ok=True)
    return replace(restored, path=database), old_path


def _distrust(copied: Path, copy: Path) -> None:
    """Have all verdicts by rule found anew: those of a copy may be of anybody's rules, whatever it says."""
    try:
        with closing(sqlite3.connect(copied)) as connection, connection:
            if any(column[1] == "rules" for column in connection.execute("PRAGMA table_info(verification)")):
                connection.execute("UPDATE verification SET rules = ''")
    except sqlite3.Error as error:
        raise StoreError(_FAILED.format(file=copy, target=copied, reason=error)) from error


# Whatever is no plain table or index: triggers and views, also by another spelling of their type.
_ACTIVE = """
    SELECT 1 FROM sqlite_master WHERE typeof(type) <> 'text' OR type NOT IN ('table', 'index') OR NOT (
        (type = 'table' AND (sql LIKE 'CREATE TABLE%' OR sql LIKE 'CREATE VIRTUAL TABLE%'))
        OR (type = 'index' AND (sql IS NULL OR sql LIKE 'CREATE INDEX%' OR sql LIKE 'CREATE UNIQUE INDEX%'))
    )
"""


def check(file: Path, *, strict: bool = False) -> Copy:
    """What a database holds. Raises StoreError where it is damaged, or none of r1chat's.

    `strict`: also where its schema or one of its values is not as r1chat makes them. A backup is taken without that: a
    copy of a database that is not quite in order is better than none.
    """
    try:
        with _opened(file) as connection, _bounds(connection, file, strict) as over:
            if strict:  # before any query that would evaluate an expression of the schema
                _require_own_tables(connection, file)
                strict_check.check_schema(connection)
            faults = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
            if faults != ["ok"]:
                raise StoreError(_DAMAGED.format(file=file, reason="; ".join(map(str, faults))[:300]))
            if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
                raise StoreError(_DAMAGED.format(file=file, reason="rows refer to rows that are not there"))
            _require_own_tables(connection, file)
            revision = connection.execute(f"SELECT version_num FROM {migrations.VERSION_TABLE}").fetchone()
            if revision is None or revision[0] not in migrations.REVISIONS:
                raise StoreError(_FOREIGN.format(file=file))
            if over is not None:
                strict_check.check_values(connection, over)
                strict_check.check_relations(connection)
            counts = [
                int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
                for table in ("conversation", "reply")
            ]
    except strict_check.NewerVersionError:
        raise StoreError(NEWER.format(file=file)) from None
    except strict_check.UnexpectedContentError as error:
        raise StoreError(_UNEXPECTED.format(file=file, reason=error.reason)) from None
    except (sqlite3.Error, OSError) as error:
        if "not a database" in str(error):
            raise StoreError(_FOREIGN.format(file=file)) from None
        raise StoreError(_DAMAGED.format(file=file, reason=_reason(error))) from None
    return Copy(file, revision[0], counts[0], counts[1], file.stat().st_size)


def raters(file: Path, own: str = "") -> list[tuple[str, int]]:
    """Who judged in a database that was checked, and how much: `own` first, then those who did most; `RATERS` at most.

    Raises StoreError.
    """
    try:
        with _opened(file) as connection:
            tables = [name for name in _JUDGED if connection.execute(_HAS_RATER, (name,)).fetchone()]
            if not tables:  # of an older version
                return []
            judged = " UNION ALL ".join(f"SELECT rater FROM {name} WHERE rater <> ''" for name in tables)
            query = f"SELECT rater, count(*) FROM ({judged}) GROUP BY rater ORDER BY rater = ? DESC, 2 DESC, 1 LIMIT ?"
            return connection.execute(query, (own, RATERS)).fetchall()
    except (sqlite3.Error, OSError) as error:
        raise StoreError(_DAMAGED.format(file=file, reason=_reason(error))) from None


def _reason(error: Exception) -> Wording:
    return _TOO_LONG if "interrupted" in str(error) else str(error)


def require_own_schema(file: Path) -> None:
    """Raise StoreError for a database with anything but r1chat's tables: a view may never come to an end."""
    try:
        with _opened(file) as connection, strict_check.bounded(connection, file.stat().st_size):
            strict_check.check_schema(connection)
    except strict_check.UnexpectedContentError as error:
        raise StoreError(_UNEXPECTED.format(file=file, reason=error.reason)) from None
    except (sqlite3.Error, OSError) as error:
        raise StoreError(_DAMAGED.format(file=file, reason=_reason(error))) from None


def _require_own_tables(connection: sqlite3.Connection, file: Path) -> None:
    """Raise StoreError for a database of another program, and for triggers and views: r1chat has none."""
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    active = connection.execute(_ACTIVE).fetchone()
    if active or not {migrations.VERSION_TABLE, "conversation", "reply"} <= tables:
        raise StoreError(_FOREIGN.format(file=file))


def _bounds(
    connection: sqlite3.Connection, file: Path, strict: bool
) -> AbstractContextManager[Callable[[], bool] | None]:
    return strict_check.bounded(connection, file.stat().st_size) if strict else nullcontext()


def _rebuild_search_index(copy: Path, source: Path) -> None:
    """Raise StoreError, which names the source, where its private copy's search index cannot be made anew."""
    try:
        with (
            closing(sqlite3.connect(copy)) as connection,
            strict_check.bounded(connection, copy.stat().st_size) as over,
        ):
            strict_check.rebuild_search_index(connection, over)
    except sqlite3.Error as error:
        raise StoreError(_DAMAGED.format(file=source, reason=_reason(error))) from None


def _copy(source: Path, target: Path, *, strict: bool = False) -> Copy:
    """A checked copy under a new name, readable by its owner alone; no trace of it where that fails."""
    part = ""
    try:
        sweep(target.parent, target.name)
        number, part = mkstemp(dir=target.parent, prefix=f".{target.name[:64]}.", suffix=".part")
        os.close(number)
        with _opened(source) as old, closing(sqlite3.connect(part)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode = DELETE")  # one file, no log beside it
        try:
            copy = check(Path(part), strict=strict)
            if strict:
                _rebuild_search_index(Path(part), source)
        except StoreError:
            check(source, strict=strict)  # its sentence names the file that is there
            raise
        with open(part, "rb+") as stream:
            os.fsync(stream.fileno())
        _give_name(part, target)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreError(_FAILED.format(file=source, target=target, reason=reason)) from None
    finally:
        if part:
            for ending in ("", "-journal", "-wal", "-shm"):
                with suppress(OSError):
                    os.unlink(part + ending)
    return Copy(target, copy.revision, copy.conversations, copy.replies, copy.size)


def _keep(database: Path) -> Path:
    """Give a database that nobody has open a second name, with its log, which is then taken away; that name."""
    require_own_journal(database)
    try:
        with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")  # takes in the log; refused while somebody has it open
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise StoreError(_IN_USE.format(file=database)) from None
    except sqlite3.Error:
        pass  # damaged: its log goes with it
    target = database.with_name(f"{database.stem}-before-restore-{datetime.now():%Y-%m-%d-%H%M%S}{database.suffix}")
    try:
        for ending in ("-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                _second_name(Path(f"{database}{ending}"), Path(f"{target}{ending}"))
        _second_name(database, target)
        for ending in ("-wal", "-shm", "-journal"):  # they do not belong to the database that takes its place
            Path(f"{database}{ending}").unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(_FAILED.format(file=database, target=target, reason=error.strerror)) from None
    return target


def _give_name(part: str, target: Path) -> None:
    """Give a finished file its name. Raises FileExistsError where that was taken meanwhile."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # exFAT, FAT, and some network folders have no hard links: the name is taken by an empty file first
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            os.replace(part, target)
        except OSError:
            os.unlink(target)
            raise


def _second_name(file: Path, target: Path) -> None:
    """Give a file a second name; where the file system has no hard links, a copy of it gets that name."""
    try:
        os.link(file, target)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:
        with file.open("rb") as old:
            sweep(target.parent, target.name)
            number, part = mkstemp(dir=target.parent, prefix=f".{target.name[:64]}.", suffix=".part")
            try:
                with open(number, "wb") as new:
                    shutil.copyfileobj(old, new)
                    new.flush()
                    os.fsync(new.fileno())
                _give_name(part, target)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(part)


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A database to read."""
    require_own_journal(file)
    uri = f"{file.resolve().as_uri()}?mode={'rw' if Path(f'{file}-wal').exists() else 'ro'}"
    with closing(sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        yield connection
