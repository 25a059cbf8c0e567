"""Conversations as the store keeps them: messages and replies with their ids, dates and places in the tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from r1chat.errors import StoreError
from r1chat.messages import ClosedBy, Params, Reply

Origin = Literal[
    "sampled",
    "regenerated",
    "resumed",
    "edited",
    "forked",
    "voted",
    "extended",  # the thought of its parent was opened again, and went on
    "skipped",  # the thought was left out
    "corrected",  # a person's own words in place of its parent's
]

Verdict = Literal["confirmed", "denied"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a reply came to be: enough to repeat it, and to train on it later.

    `vote_id` is shared by the samples of one vote, all replies to one message: 32 hexadecimal digits (`uuid4().hex`)
    that whoever starts the vote draws.
    """

    backend: str = ""
    backend_version: str = ""
    model: str = ""
    digest: str = ""
    quantisation: str = ""
    template_hash: str = ""
    params: Params = field(default_factory=Params)
    origin: Origin = "sampled"
    parent_id: str | None = None  # the reply that this one was forked, edited or voted from
    kept_reasoning: int = 0  # characters of `reasoning` that were given, not sampled
    kept_answer: int = 0  # characters of `answer` that were given, not sampled
    budget: int | None = None  # thinking tokens that were allowed; None: as many as the window holds
    closed_by: ClosedBy = ""  # who closed the thought
    vote_id: str | None = None
    seen_from: str | None = None  # the message with which its prompt began; None: the first of the branch
    keep_thoughts: bool = False  # its prompt held the thoughts of earlier replies
    thinking_choice: str = ""  # "off", "on" or an effort; "": the model's own way
    system: str = ""  # the system prompt that the person gave
    sampling_source: str = ""  # who recommends the parameters, or "person"
    system_role: bool = False  # `system` was sent as a system message although the maker advises against one
    preset: str = ""  # the name of the preset that was in force
    incomplete_prompt: bool = False  # an import left out a part of what the model was shown: see `archive.rows`


@dataclass(frozen=True, slots=True)
class StoredReply:
    """A reply with its place: `position` of `siblings` (1-based) under its turn.

    `not_saved` says why the end of a finished reply is in memory only; the store itself never sets it.
    """

    id: str
    turn_id: str
    created: datetime
    reply: Reply
    provenance: Provenance = Provenance()
    position: int = 1
    siblings: int = 1
    not_saved: StoreError | None = None


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A user's message, and the reply that the branch shows (None while there is none).

    `position` of `siblings` counts the messages that follow the same parent reply: editing a message makes another.
    """

    id: str
    conversation_id: str
    parent_reply_id: str | None
    created: datetime
    content: str
    reply: StoredReply | None = None
    position: int = 1
    siblings: int = 1


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the next replies of a conversation should behave; see `ConversationInfo` for each value."""

    thinking: str = ""
    system: str = ""
    sampling: str = ""
    system_role: bool = False
    preset: str = ""


@dataclass(frozen=True, slots=True)
class Preset:
    """A behaviour under a name, with a budget of thinking tokens (None: no limit) and a model ("": any)."""

    id: str
    name: str
    behaviour: Behaviour = Behaviour()
    budget: int | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class ConversationInfo:
    """A line in the list of conversations. `excerpt` is set by a search.

    `budget`, `keep_thoughts` and `seen_from` steer its next replies: the thinking tokens that each may take (None: as
    many as the window holds), whether the model is shown its earlier thoughts, and the message from which on it is
    shown a branch (None, or one that is not on it: from the first). So do `thinking_choice` ("off", "on" or an effort
    of the model's), `system`, the system prompt, and `sampling`, what a person changed of the recommended parameters.
    `system_role` sends the system prompt as one even where the model's maker advises against it. `preset` names the
    preset that these values came from; "" once one of them was changed. `deleted`: when it was; None: it was not.
    """

    id: str
    title: str
    created: datetime
    updated: datetime
    model: str = ""
    excerpt: str = ""
    budget: int | None = None
    keep_thoughts: bool = False
    seen_from: str | None = None
    thinking_choice: str = ""
    system: str = ""
    sampling: str = ""
    system_role: bool = False
    preset: str = ""
    deleted: datetime | None = None

    @property
    def behaviour(self) -> Behaviour:
        """How its next replies should behave."""
        return Behaviour(self.thinking_choice, self.system, self.sampling, self.system_role, self.preset)


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """A part of the list of conversations. `total` counts the whole list; None where a search does not count."""

    conversations: tuple[ConversationInfo, ...]
    total: int | None
    next: str = ""  # the cursor of the part after this one; "" for the last one
    after: datetime | None = None  # when the one before this part was updated, or deleted; None for the first part


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with the turns of the branch that is open, first to last."""

    info: ConversationInfo
    turns: tuple[StoredTurn, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class MomentLabel:
    """A person's word on one moment of a reply's thought: whether `reasoning[start:end]` is one, of that kind."""

    id: str
    reply_id: str
    start: int
    end: int
    kind: str
    verdict: Verdict
    created: datetime
    rater: str = ""
