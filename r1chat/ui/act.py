"""What a person does on the page, as one value, and what the page is told in return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from r1chat.app import App
from r1chat.errors import MessageError
from r1chat.messages import LONGEST_NAME
from r1chat.ui.payload import Payload
from r1chat.ui.words.page import Words, words

LONGEST_ID = 64  # characters

# Thinking budget in tokens (None: no limit), and whether thoughts are kept (None: as the model's template does).
Steering = tuple[int | None, bool | None]


@dataclass(frozen=True, slots=True)
class Act:
    """One click, key or message: `verb` says what is done to the thing with the id `subject`.

    `text` is what belongs to the verb: a message, a number or a JSON object. The rest is the state of the page at that
    moment: the conversation that shows ("" for none), the model that is chosen, the language, the choice of thinking,
    the budget as the menu and the box beside it have it, the search that the list shows, and, where no conversation
    shows, how the new one should behave, and which conversation its first message was carried over from.
    """

    verb: str
    subject: str = ""
    text: str = ""
    conversation: str = ""
    model: str = ""
    lang: str = "en"
    budget: str = "off"
    own_budget: object = None
    keep_thoughts: bool | None = None
    query: str = ""
    thinking: str = ""
    behaviour: Payload = field(default_factory=Payload)
    carried: str = ""

    @classmethod
    def read(cls, sent: Payload) -> Act:
        """The act that a page sent. What makes no sense in it is left empty."""
        return cls(
            verb=sent.text("verb"),
            subject=sent.text("id")[:LONGEST_ID],
            text=sent.text("text"),
            conversation=sent.text("conversation")[:LONGEST_ID],
            model=sent.text("model")[:LONGEST_NAME],
            lang="zh" if sent.text("lang") == "zh" else "en",
            budget=sent.text("budget"),
            own_budget=sent["own"],
            keep_thoughts=sent.flag("keep"),
            query=sent.text("query")[:LONGEST_NAME],
            thinking=sent.word("thinking"),
            behaviour=sent.object("behaviour"),
            carried=sent.text("carried")[:LONGEST_ID],
        )

    @property
    def words(self) -> Words:
        """The words of the page that sent it."""
        return words(self.lang)

    @property
    def fields(self) -> Payload:
        """The text as a JSON object."""
        return Payload.parse(self.text)

    @property
    def steering(self) -> Steering:
        """The budget that is chosen. Raises MessageError for one of the person's own that is no number of tokens."""
        if self.budget in ("off", ""):
            return None, self.keep_thoughts
        chosen = self.own_budget if self.budget == "own" else int(self.budget[:16]) if self.budget.isdecimal() else None
        if type(chosen) is not int:
            raise MessageError(Words.bad_budget)
        return chosen, self.keep_thoughts


class ElementUpdate(TypedDict):
    """An element of the page by its id, and its new HTML."""

    id: str
    html: str


class PageUpdate(TypedDict, total=False):
    """What the page shows after an act; what is missing stays as it is."""

    conversation: str  # the one that shows
    temporary: bool  # whether it is kept in memory alone
    model: str  # the key of the one that is chosen
    steering: dict[str, object]  # `thinking`, `budget`, `own` and `keep`
    behaviour: dict[str, object]  # `system`, `system_role`, `sampling` and `preset`
    blocks: list[ElementUpdate]


Action = Callable[[App, Act], PageUpdate | None]
Actions = Mapping[str, Action]  # by verb
