"""What is chosen for the next message: of a conversation, or of a page on which none has begun yet."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace

from r1chat import sampling
from r1chat.app import App
from r1chat.conversations import Behaviour, Preset
from r1chat.errors import R1ChatError
from r1chat.messages import ModelInfo
from r1chat.prompting import keeps
from r1chat.steer import BUDGETS

OWN_BUDGET = 1_000  # tokens; offered where a person begins to write a budget of their own


@dataclass(frozen=True, slots=True)
class Choice:
    """How the next replies are steered and should behave. `budget` in thinking tokens, None: no limit."""

    budget: int | None = None
    keep: bool = False
    behaviour: Behaviour = field(default_factory=Behaviour)

    @property
    def steering(self) -> dict[str, object]:
        """The part of an `Answer` that says how thinking is steered."""
        known = self.budget is None or self.budget in BUDGETS.values()
        return {
            "thinking": self.behaviour.thinking,
            "budget": "off" if self.budget is None else str(self.budget) if known else "own",
            "own": self.budget or OWN_BUDGET,
            "keep": self.keep,
        }

    @property
    def behaving(self) -> dict[str, object]:
        """The part of an `Answer` that says how the model should behave."""
        return {
            "system": self.behaviour.system,
            "system_role": self.behaviour.system_role,
            "sampling": sampling.from_text(self.behaviour.sampling),
            "preset": self.behaviour.preset,
        }


def model_info(app: App, key: str) -> ModelInfo | None:
    """What is known of a model without waiting for its backend; None where it is not there."""
    with suppress(R1ChatError):
        return app.catalogue.glance(key) if key else None
    return None


def choice_of(app: App, conversation_id: str, model: str) -> Choice:
    """What is chosen in a conversation; for a new one ("") what the model was last used with, and the settings.

    Raises NotFoundError.
    """
    if conversation_id:
        conversation = app.store.info(conversation_id)
        return Choice(conversation.budget, conversation.keep_thoughts, conversation.behaviour)
    last = app.store.last_with(model)
    info, default = model_info(app, model), app.chat.default_behaviour
    keep = info is not None and keeps(None, info)
    if last is None:
        return Choice(None, keep, default)
    return Choice(last.budget, keep, replace(default, thinking=last.thinking_choice or default.thinking))


def of_preset(preset: Preset, keep: bool) -> Choice:
    """What a preset chooses."""
    return Choice(preset.budget, keep, preset.behaviour)
