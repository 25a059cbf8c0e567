"""Examples for training: problems and messages in R1's template, and which of their tokens are to be learnt."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer

from r1chat.evaluation import generated
from r1chat.evaluation.generated import Drawn, Language
from r1chat.training import everyday
from r1chat.training.chains import MAKERS, RIGHT, WRONG, answer_text, chain
from r1chat.training.vocabulary import ASSISTANT, BOS, CLOSE, EOS, THINK, USER

TALK = "talk"
LONGEST = 512  # tokens
WEIGHTS = {"sums": 3.0, "products": 2.0, "primes": 1.5, TALK: 2.5}  # others 1: how often a task is drawn
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Text:
    """A prompt, which ends within the opened thought, and what comes after it. `answer`: the right one."""

    task: str
    language: Language
    prompt: str
    completion: str
    answer: str


def texts(rng: random.Random, split: str = "train") -> Iterator[Text]:
    """Examples without end; those of one split share no problem with another's."""
    names = [*MAKERS, TALK]
    weights = [WEIGHTS.get(name, 1.0) for name in names]
    while True:
        (name,) = rng.choices(names, weights)
        lang = rng.choice(LANGUAGES)
        yield _talk(rng, lang) if name == TALK else _problem(name, rng, lang, split)


def _problem(name: str, rng: random.Random, lang: Language, split: str) -> Text:
    drawn = _drawn(name, rng, lang, split)
    question = drawn.question
    if rng.random() < 0.3:
        question = f"{question} {generated.DIRECTIVES.pick(lang)}"
    before = ""
    if rng.random() < 0.08:  # a second turn that has nothing to do with the first
        earlier = _talk(rng, lang)
        before = f"{USER}{earlier.prompt.split(USER)[1].split(ASSISTANT)[0]}{ASSISTANT}{earlier.answer}{EOS}"
    thought = chain(name, drawn.values, drawn.answer, lang, rng)
    return _text(name, lang, question, thought, answer_text(drawn.answer, lang), drawn.answer, before)


def _talk(rng: random.Random, lang: Language) -> Text:
    talk = everyday.draw(rng, lang)
    return _text(TALK, lang, talk.question, talk.thought, talk.answer, talk.answer)


def _text(task: str, lang: Language, question: str, thought: str, reply: str, answer: str, before: str = "") -> Text:
    prompt = f"{BOS}{before}{USER}{question}{ASSISTANT}{THINK}\n"
    return Text(task, lang, prompt, f"{thought}\n{CLOSE}\n\n{reply}{EOS}", answer)


def _drawn(name: str, rng: random.Random, lang: Language, split: str) -> Drawn:
    while True:
        drawn = generated.TASKS[name](rng, lang)
        if generated.split_of(drawn.core) == split:
            return drawn


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids, and for each whether it is to be learnt."""

    tokens: list[int]
    learn: list[bool]


def encode(tokenizer: Tokenizer, made: Sequence[Text]) -> list[Example]:
    """Token ids of examples; those that are too long are left out."""
    parts = [_parts(text) for text in made]
    ids = iter(tokenizer.encode_batch([part for row in parts for part, _ in row], add_special_tokens=False))
    found = []
    for row in parts:
        tokens: list[int] = []
        learn: list[bool] = []
        for _, learnt in row:
            new = next(ids).ids
            tokens += new
            learn += [learnt] * len(new)
        if len(tokens) <= LONGEST:
            found.append(Example(tokens, learn))
    return found


def _parts(text: Text) -> list[tuple[str, bool]]:
    parts = [(text.prompt, False)]
    for part in re.split(f"({WRONG}.*?{RIGHT})", text.completion):
        if part:
            parts.append((part.strip(WRONG + RIGHT), not part.startswith(WRONG)))
    return parts


def batches(examples: Sequence[Example], tokens: int, rng: random.Random) -> list[list[Example]]:
    """Batches of examples of about one length, each at most so many tokens with its padding, in random order."""
    found: list[list[Example]] = []
    for example in sorted(examples, key=lambda one: len(one.tokens)):
        if found and (len(found[-1]) + 1) * len(example.tokens) <= tokens:
            found[-1].append(example)
        else:
            found.append([example])
    rng.shuffle(found)
    return found
