"""The samples of a run, read from its database; and one problem's samples kept as a conversation of the chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from r1chat import archive
from r1chat.both import Both
from r1chat.errors import EvaluationError, NotFoundError
from r1chat.evaluation.measures import Solved
from r1chat.evaluation.record import DATABASE
from r1chat.judgements import Reference
from r1chat.messages import Reply
from r1chat.store import Store, backup


@dataclass(frozen=True, slots=True)
class ProblemConversation:
    """A problem as it was asked: the conversation in the run's database, and the replies by the id of their sample."""

    solved: Solved
    conversation: str
    question: str
    reference: Reference | None
    replies: Mapping[str, Reply]


def read_samples(folder: Path, solved: Sequence[Solved]) -> list[ProblemConversation]:
    """The questions and replies of these problems of a run; what is not in its database any more is left out.

    Raises EvaluationError where there is no database, StoreError where it cannot be read.
    """
    samples = []
    with closing(store_of(folder)) as store:
        for outcome in solved:
            with suppress(NotFoundError):
                turn = store.turn(outcome.turn)
                replies = {stored.id: stored.reply for stored in store.replies(outcome.turn)}
                reference = store.judgements.reference(outcome.turn)
                samples.append(ProblemConversation(outcome, turn.conversation_id, turn.content, reference, replies))
    return samples


def keep(folder: Path, conversation_id: str, store: Store) -> None:
    """Copy a conversation of a run into another store, with the ids that it has; nothing where it is there already.

    Raises EvaluationError, ExportError, ImportFileError and StoreError.
    """
    with closing(store_of(folder)) as source, TemporaryDirectory(prefix="r1chat-keep-") as temporary:
        source.info(conversation_id)
        file = Path(temporary) / "conversation.jsonl"
        archive.write(source, file, only=(conversation_id,))
        archive.read(store, file)


def is_kept(conversation_id: str, store: Store) -> bool:
    """Whether a store has this conversation."""
    try:
        store.info(conversation_id)
    except NotFoundError:
        return False
    return True


def store_of(folder: Path) -> Store:
    """The database of a run. Raises EvaluationError where there is none, and StoreError."""
    file = folder / DATABASE
    if not file.exists():
        raise EvaluationError(_NO_SAMPLES.format(name=folder.name))
    backup.require_own_schema(file)  # the run may come from elsewhere
    return Store(f"sqlite:///{file}")


_NO_SAMPLES = Both("The run {name} holds no samples yet.", "运行 {name} 还没有样本。")
