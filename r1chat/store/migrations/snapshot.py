"""The schema that the migrations make in an empty SQLite database, as SQL: a new database is made in one step.

    python -c "from r1chat.store.migrations import snapshot; snapshot.write()"      # after a new migration

A snapshot that is older than the last migration does no harm: the migrations that follow it are run as for any other
database. SQLite only; PostgreSQL runs the migrations.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, create_engine

FILE = Path(__file__).with_name("sqlite.sql")
_END = ";\n\n"  # of a statement; no statement holds an empty line


def create(connection: Connection) -> None:
    """Make the tables of the snapshot in an empty database, inside the caller's transaction."""
    cursor = connection.connection.cursor()  # of sqlite3: SQLAlchemy takes twice as long as the forty statements
    for statement in FILE.read_text(encoding="utf-8").split(_END):
        if statement.strip():
            cursor.execute(statement)
    cursor.close()


def dump(connection: Connection) -> str:
    """The statements that make a database like this one, without its rows but with its revision."""
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid").all()
    virtual = [name for name, sql in rows if sql.startswith("CREATE VIRTUAL TABLE")]
    statements = [
        "\n".join(line.rstrip() for line in sql.replace("\t", "    ").splitlines())
        for name, sql in rows
        if not any(name.startswith(f"{table}_") for table in virtual)  # SQLite makes these itself
    ]
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    return "".join(f"{s}{_END}" for s in [*statements, f"INSERT INTO alembic_version VALUES ('{revision}')"])


def write() -> None:
    """Write the snapshot of the latest revision into its file."""
    from r1chat.store.migrations import upgrade

    with create_engine("sqlite://").begin() as connection:
        upgrade(connection)
        FILE.write_text(dump(connection), encoding="utf-8")
