"""The commands backup, restore and rescue: what they say. `store.backup` and `store.rescue` do it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from r1chat.archive import judged_by
from r1chat.config import Settings, keep_rater, known_rater
from r1chat.sizes import readable_size
from r1chat.store import backup, rescue

_PLURAL = {
    "conversation": "conversations",
    "turn": "messages",
    "reply": "replies",
    "moment_label": "labels of moments",
    "rating": "ratings",
    "step_label": "labels of steps",
    "duel": "pairs of replies",
    "comparison": "comparisons",
    "reference": "right answers",
    "verification": "verdicts",
    "consent": "consents",
    "exclusion": "exclusions",
    "preset": "presets",
}


def make(settings: Settings, target: Path) -> Iterator[str]:
    """Copy the database. Raises StoreError."""
    copy = backup.backup(backup.database_file(settings.database), target)
    yield f"{copy.path}: {_contents(copy)}, checked. `r1chat restore {copy.path}` puts it back."
    yield "It holds the conversations and all that was said of them; settings and models are in other files."


def put_back(settings: Settings, copy: Path) -> Iterator[str]:
    """Put a copy in the place of the database. Raises StoreError."""
    restored, moved = backup.restore(copy, backup.database_file(settings.database))
    yield f"{restored.path}: {_contents(restored)}, as in {copy}."
    if moved is not None:
        yield f"What was there before is in {moved}."
    yield from _raters(settings, restored.path)


def _raters(settings: Settings, database: Path) -> Iterator[str]:
    """Whose judgements a database holds that was put back; a data folder without a rater takes over who judged most."""
    own = known_rater(settings)
    raters = backup.raters(database, own)
    if not raters or raters[0][0] == own:
        return
    (first, number), *others = raters
    if own or not keep_rater(settings, first):
        yield judged_by(raters).en
        return
    yield f"You judge as {first} here from now on, so what {first} judged ({number:,}) is your own."
    if others:
        names = ", ".join(f"{rater} ({count:,})" for rater, count in others)
        yield f'Others judged, too: {names}. Another name of your own is a line of settings.toml: rater = "NAME".'


def save(settings: Settings, target: Path, damaged: Path | None) -> Iterator[str]:
    """Save what can be read of a damaged database. Raises StoreError."""
    source = damaged or backup.database_file(settings.database)
    tables = rescue.rescue(source, target)
    yield f"{source} was read, and left as it is. What could be read is in {target}:"
    for table in tables:
        if table.saved or table.unreadable or table.orphaned or not table.whole:
            missing = [f"{table.unreadable:,} cannot be read"] if table.unreadable else []
            missing += [f"{table.orphaned:,} belong to what is lost"] if table.orphaned else []
            missing += ["the table breaks off, so more may be missing"] if not table.whole else []
            yield f"  {table.saved:,} {_PLURAL[table.table]}{'; ' + ', '.join(missing) if missing else ''}"
    complete = all(table.whole and not table.unreadable and not table.orphaned for table in tables)
    yield "Nothing is missing." if complete else "The rest is lost, unless a backup has it."
    yield f"`r1chat restore {target}` puts it in the place of the damaged one, which is kept."


def _contents(copy: backup.Copy) -> str:
    return f"{copy.conversations:,} conversations, {copy.replies:,} replies, {readable_size(copy.size)}"
