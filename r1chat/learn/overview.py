"""What has been gathered, by model, and what it suffices for: for the page, without PyTorch."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from r1chat.app import App
from r1chat.backends.gguf import Header
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.backends.llama.found import ollama_models_of
from r1chat.learn.defaults import EPOCHS, EPOCHS_GRPO, LIMIT, part_for, rows_for
from r1chat.learn.forecast import Sampling, TrainingForecast, forecast
from r1chat.learn.gather import APART, LEAST, lift
from r1chat.learn.proof import PROMPTS
from r1chat.messages import ModelInfo
from r1chat.store.dataset import DatasetView
from r1chat.store.entries import Filter, JudgementKind

PROMPT = 100  # tokens of a question, about
TOKENS = 400  # of a pair with its prompt, about, for a forecast before the data are read


@dataclass(frozen=True, slots=True)
class Material:
    """What was judged of a model and its children, as far as training can use it.

    `pairs`: comparisons with a winner, and corrections. `references`: right answers, without tests of programs.
    """

    model: ModelInfo
    pairs: int
    thumbs: int
    references: int
    expected: TrainingForecast
    by_answers: TrainingForecast  # of reinforcement learning

    @property
    def enough(self) -> bool:
        """Whether there are pairs enough to begin."""
        return self.pairs * (1 - APART) >= LEAST

    @property
    def enough_answers(self) -> bool:
        """Whether there are right answers enough for reinforcement learning."""
        return self.references * (1 - APART) >= LEAST

    @property
    def lift(self) -> int:
        """The least rise in points that the pairs show."""
        return lift(self.pairs)


def materials(app: App) -> list[Material]:
    """The models that can be trained here, those with the most judgements first."""
    backend = app.catalogue.backend("llama.cpp")
    if not isinstance(backend, LlamaCppBackend):
        return []
    infos = backend.models()
    trainable = []
    children: defaultdict[str, list[str]] = defaultdict(list)
    for info in infos:
        children[info.parent].append(info.key)
    with app.store.dataset.snapshot(local=True) as snapshot:
        replied = set(snapshot.all_models())
        for info in infos:
            header = backend.header(info.name)
            if info.parent or not info.ready or header is None:
                continue
            file = backend.file(info.name)
            keys = frozenset(
                {
                    info.key,
                    *children[info.key],
                    *(f"ollama:{model.name}" for model in (ollama_models_of(file.path) if file else ())),
                }
            )
            keys &= replied  # of most of very many files nothing needs to be counted
            pairs = _count(snapshot, keys, "comparison", "correction")
            thumbs = _count(snapshot, keys, "rating")
            references = _count(snapshot, keys, "reference")
            tokens = TOKENS * max(pairs, LEAST)
            known = min(PROMPTS, round(APART * references))
            expected = forecast(header, info.parameters, tokens, EPOCHS, part_for(info.parameters), known=known)
            trainable.append(Material(info, pairs, thumbs, references, expected, _by_answers(header, info, references)))
    return sorted(trainable, key=lambda material: -(material.pairs + material.thumbs))


def _by_answers(header: Header, info: ModelInfo, references: int) -> TrainingForecast:
    """Of reinforcement learning from so many right answers."""
    test_count = round(APART * references)
    sampling = Sampling(references - test_count, test_count, PROMPT, LIMIT, rows_for(info.parameters))
    known = min(PROMPTS, test_count)
    return forecast(
        header, info.parameters, 0, EPOCHS_GRPO, part_for(info.parameters), 1, known, known, sampling=sampling
    )


def _count(snapshot: DatasetView, keys: frozenset[str], *kinds: JudgementKind) -> int:
    if not keys:
        return 0
    return snapshot.count(Filter(kinds=frozenset(kinds), models=keys, trainable=True), consented_only=True)
