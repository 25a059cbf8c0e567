"""Trains the model of moments: `python -m training.train_moments` writes `r1chat/reflect/moments.tsv`.

Two linear models over the features of a sentence (`r1chat/reflect/features.py`): a logistic regression for whether it
is a moment, a multinomial one for its kind. Both are trained on the made-up chains of `training/snippets.py` alone,
with an L2 penalty, by gradient descent with Nesterov's momentum. Weights near zero are dropped, the others rounded to
hundredths of a logit. The hand-set points, which `model.py` adds, take no part: fitted as a residual of them the model
did worse on real traces.

Writes the same file on every run with the same version of numpy.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from r1chat.reflect.cues import anywhere
from r1chat.reflect.features import features, tokens
from r1chat.reflect.model import WEIGHTS
from r1chat.reflect.sentences import SentenceSplitter
from r1chat.reflect.surroundings import Surroundings
from r1chat.reflect.weights import KINDS, MomentKind
from training.snippets import chains

SEEDS = (1, 2)
PENALTY = 20.0  # of the weights of the detector
KIND_PENALTY = 5.0  # of the weights of the kinds
ROUNDS = 300
RARE = 2  # sentences with another wording that a feature must occur in
SMALLEST = 3  # hundredths of a logit
SMALLEST_OF_KIND = 5
BAR = 90  # hundredths of a logit: recall and precision are about even on real traces
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """A sentence with its features; `kind` is None where it is no moment."""

    wording: str
    features: frozenset[str]
    kind: MomentKind | None


def examples(seed: int) -> Iterator[Example]:
    """The sentences with marks of all made-up chains."""
    for chain in chains(seed):
        splitter, surroundings = SentenceSplitter(), Surroundings()
        for sentence in [*splitter.feed(chain.text), *splitter.close()]:
            label = chain.labels.get(sentence.start)
            marks = surroundings.marks(sentence)
            if marks and not sentence.code:
                yield Example(
                    " ".join(tokens(sentence.text)),
                    frozenset(features(sentence.text, marks, anywhere(marks))),
                    label[0] if label else None,
                )
            surroundings.advance(sentence, label is not None)


class Matrix:
    """A sparse 0/1 matrix of examples by features."""

    def __init__(self, rows: list[list[int]], width: int) -> None:
        self.columns = np.array([column for row in rows for column in row], dtype=np.int64)
        self.rows = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        self.shape = (len(rows), width)

    def times(self, weights: Floats) -> Floats:
        """Matrix · weights, for one column of weights."""
        return np.bincount(self.rows, weights[self.columns], self.shape[0]).astype(np.float64)

    def transposed_times(self, values: Floats) -> Floats:
        """Transposed matrix · values, for one column of values."""
        return np.bincount(self.columns, values[self.rows], self.shape[1]).astype(np.float64)


def descend(matrix: Matrix, targets: Floats, importance: Floats, penalty: float) -> Floats:
    """The weights (features × classes) of a logistic regression, multinomial where there is more than one class.

    targets: examples × classes, 0 or 1; importance: examples.
    """
    classes = targets.shape[1]
    weights = np.zeros((matrix.shape[1], classes))
    moved = weights
    widest = np.bincount(matrix.rows, minlength=matrix.shape[0]).max()
    rate = 1.0 / (0.25 * importance.sum() * 0.02 * widest + penalty)
    for turn in range(ROUNDS):
        logits = np.stack([matrix.times(weights[:, at]) for at in range(classes)], axis=1)
        if classes == 1:
            chances = 1 / (1 + np.exp(-logits))
        else:
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            chances = powers / powers.sum(axis=1, keepdims=True)
        errors = (chances - targets) * importance[:, None]
        slope = np.stack([matrix.transposed_times(errors[:, at]) for at in range(classes)], axis=1) + penalty * weights
        stepped = weights - rate * slope
        weights = stepped + turn / (turn + 3) * (stepped - moved)
        moved = stepped
    return moved


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    drawn = [example for seed in SEEDS for example in examples(seed)]
    wordings = Counter(example.wording for example in drawn)
    spread = Counter(name for names in {(e.wording, e.features) for e in drawn} for name in names[1])
    vocabulary = sorted(name for name, count in spread.items() if count >= RARE)
    index = {name: at for at, name in enumerate(vocabulary)}
    importance = np.array([wordings[example.wording] ** -0.7 for example in drawn])
    importance /= importance.mean()
    rows = [sorted(index[name] for name in example.features if name in index) for example in drawn]
    is_moment = np.array([[float(example.kind is not None)] for example in drawn])
    detector = descend(Matrix(rows, len(index)), is_moment, importance, PENALTY)
    moments = [at for at, example in enumerate(drawn) if example.kind]
    kinds = np.array([[float(drawn[at].kind == kind) for kind in KINDS] for at in moments])
    kind_rows = Matrix([rows[at] for at in moments], len(index))
    by_kind = descend(kind_rows, kinds, importance[moments], KIND_PENALTY)
    lines = [f"bar\t{BAR}"]
    for at, name in enumerate(vocabulary):
        weight, of_kinds = round(100 * detector[at, 0]), [round(100 * weight) for weight in by_kind[at]]
        if abs(weight) >= SMALLEST or max(map(abs, of_kinds)) >= SMALLEST_OF_KIND:
            kept = of_kinds if max(map(abs, of_kinds)) >= SMALLEST_OF_KIND else []
            lines.append("\t".join([name, str(weight), *map(str, kept)]))
    WEIGHTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(drawn)} sentences, {len(moments)} moments -> {len(lines)} lines, {WEIGHTS.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
