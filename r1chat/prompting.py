"""What a model is given for the next reply of a conversation: messages, thinking, budget and sampling parameters.

And the provenance that notes it. Begins no reply and stores nothing.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from r1chat import sampling, steer, window
from r1chat.backends.catalogue import Catalogue
from r1chat.both import Both
from r1chat.conversations import Behaviour, ConversationInfo, Origin, Provenance, StoredTurn
from r1chat.errors import UnsupportedError
from r1chat.messages import Message, ModelInfo, Params, Reply
from r1chat.reasoning_format import OFF, ON
from r1chat.store import Store

_CANNOT_CONTINUE = Both(
    "The server of {model} cannot continue a reply, and that is how a thought is steered. Ask again without it, or use "
    "a model through llama.cpp, Ollama, llama-server or vLLM.",
    "{model} 的服务器不能续写回复，而引导思考正是靠续写。请不加引导再问一次，或通过 llama.cpp、Ollama、llama-server "
    "或 vLLM 使用模型。",
)


class Prompting:
    """How the next replies of conversations are asked for.

    `params`: for every reply that says nothing else; None: what each model's maker recommends, with `preferred` in
    place of some of it.
    """

    def __init__(
        self, store: Store, catalogue: Catalogue, params: Params | None, preferred: Mapping[str, object]
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._params = params
        self._preferred = preferred

    def advice(self, info: ModelInfo | None, thinking: str = "") -> sampling.Recommended:
        """What to sample a model with, and who recommends it; None: a model that nobody knows."""
        info = info or ModelInfo("", "")
        header = self._catalogue.header(info.key)
        return sampling.recommended(info, header.metadata if header else None, thinking)

    def sampling_for(self, info: ModelInfo, view: ConversationInfo) -> tuple[Params, str]:
        """What to sample the next reply of a conversation with, and who recommends it."""
        advice = self.advice(info, thinking_of(view, info))
        base = self._params or sampling.with_values(advice.params, self._preferred)
        params = sampling.with_values(base, sampling.from_text(view.sampling))
        return params, advice.source if params == advice.params else "person"

    def provenance(self, info: ModelInfo, params: Params, origin: Origin, view: ConversationInfo) -> Provenance:
        """How a reply comes to be that is sampled with these parameters."""
        usual, source = self.sampling_for(info, view)
        return Provenance(
            backend=info.backend,
            backend_version=info.backend_version,
            model=info.name,
            digest=info.digest,
            quantisation=info.quantisation,
            template_hash=info.template_hash,
            params=params,
            origin=origin,
            seen_from=view.seen_from,
            keep_thoughts=view.keep_thoughts and info.recalls,
            thinking_choice=thinking_of(view, info),
            system=view.system,
            system_role=view.system_role,
            preset=view.preset,
            sampling_source=source if replace(params, seed=usual.seed) == usual else "person",
        )

    def history(self, turn: StoredTurn, view: ConversationInfo | Provenance, info: ModelInfo) -> tuple[Message, ...]:
        """The branch up to this message, as far as the model is shown it: see `ConversationInfo`."""
        messages: list[Message] = []
        keeps = view.keep_thoughts and info.recalls
        for step in window.shown(self._store.path(turn.id), view.seen_from):
            messages.append(Message("user", step.content))
            if step.id != turn.id and step.reply is not None:
                messages.append(assistant_message(step.reply.reply, keeps))
        return sampling.with_system_prompt(messages, view.system, info, view.system_role)


def behaving(view: ConversationInfo, behaviour: Behaviour) -> ConversationInfo:
    """A conversation as if it had that behaviour."""
    return replace(
        view,
        thinking_choice=behaviour.thinking,
        system=behaviour.system,
        sampling=behaviour.sampling,
        system_role=behaviour.system_role,
        preset=behaviour.preset,
    )


def keeps(choice: bool | None, info: ModelInfo) -> bool:
    """Whether earlier thoughts are kept: as was chosen, else as the model's template does."""
    return choice if choice is not None else info.reasoning is not None and info.reasoning.keeps_thoughts


def thinking_of(view: ConversationInfo | Provenance, info: ModelInfo) -> str:
    """The choice of thinking, if this model knows it."""
    choices = info.reasoning.choices if info.reasoning else (OFF, ON)
    return view.thinking_choice if view.thinking_choice in (OFF, *choices) else ""


def assistant_message(reply: Reply, keep_thoughts: bool) -> Message:
    """An earlier reply as the model is shown it."""
    return Message("assistant", reply.answer, reply.reasoning if keep_thoughts else "")


def with_seed(params: Params) -> Params:
    """The parameters with a seed; one is drawn where there is none."""
    return params if params.seed is not None else replace(params, seed=random.getrandbits(31))


def budget_of(budget: int | None, info: ModelInfo) -> int | None:
    """The budget of a conversation for a reply of this model; none where the model could not keep to it."""
    return steer.checked_budget(budget, info.context) if info.continues else None


def check_continues(info: ModelInfo) -> None:
    """Raises UnsupportedError for a model whose replies cannot be continued."""
    if not info.continues:
        raise UnsupportedError(_CANNOT_CONTINUE.format(model=info.name))
