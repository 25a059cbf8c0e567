"""Examples for training: problems and messages in R1's template, and which of their tokens are to be learnt."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from tokenizers import Tokenizer

from r1chat.evaluation import generated
from r1chat.evaluation.generated import Drawn, Language
from r1chat.evaluation.problems import MATH_PROMPT, MATH_PROMPT_ZH
from r1chat.judgements import Check
from r1chat.training import everyday, wordings
from r1chat.training.chains import MAKERS, RIGHT, WRONG, answer_text, chain, reply
from r1chat.training.vocabulary import ASSISTANT, BOS, CLOSE, EOS, THINK, USER

TALK, FOLLOW = "talk", "follow"
LONGEST = 512  # tokens
WEIGHTS = {  # how often a task is drawn; the others 1
    "sums": 7.0,
    "products": 1.3,
    "expressions": 2.5,
    "primes": 1.5,
    "stories": 2.0,
    "countdown": 2.5,
    "countdown-4": 4.5,
    "fractions": 4.5,
    "letters": 3.0,
    "divisors": 9.0,
    "sorting": 2.0,
    "division": 1.5,
    FOLLOW: 1.5,
    TALK: 11.0,
}
NAMED = ("products-3x2",)  # drawn only where they are named
REWORDED = 0.6  # the share of training's problems that are asked in the wordings of `wordings`
LANGUAGES: tuple[Language, ...] = ("en", "zh")
WITHOUT_THOUGHT = 0.04  # the share of examples with an empty thought ("thinking off")
ANSWERED = ("sums", "products", "expressions", "stories", "equations", "division", "percentages")  # for a second turn


@dataclass(frozen=True, slots=True)
class TrainingText:
    """A prompt, which ends within the opened thought, and what comes after it. `answer`: a right one.

    `reference`, of the kind `kind`, is what any answer is judged by.
    """

    task: str
    language: Language
    prompt: str
    completion: str
    answer: str
    reference: str
    kind: Check

    @property
    def question(self) -> str:
        """What the person asks."""
        return self.prompt.partition("<｜User｜>")[2].partition("<｜Assistant｜>")[0]


@dataclass(frozen=True, slots=True)
class Pool:
    """The problems of a file as texts without a completion: those to train on, and those that are held out."""

    name: str
    train: tuple[TrainingText, ...]
    dev: tuple[TrainingText, ...]


def texts(
    rng: random.Random,
    split: str = "train",
    tasks: Sequence[str] = (),
    pools: Sequence[Pool] = (),
    brief: float = 0.0,
) -> Iterator[TrainingText]:
    """Examples without end, of all made-up tasks or some, and of files; splits share no problem.

    A problem of a file comes again only after all others of that file; splits but "train" are what is held out.
    `brief` is the share of chains that name the result at once; second turns have none.
    """
    names: list[str | Pool] = [*tasks, *pools] or [*(name for name in MAKERS if name not in NAMED), TALK]
    weights = [WEIGHTS.get(name, 1.0) if isinstance(name, str) else 1.0 for name in names]
    pool_texts = {pool.name: again(rng, pool.train if split == "train" else pool.dev) for pool in pools}
    while True:
        (name,) = rng.choices(names, weights)
        if isinstance(name, Pool):
            yield next(pool_texts[name.name])
            continue
        lang = rng.choice(LANGUAGES)
        text = _text_of(name, rng, lang, split, brief)
        yield _without_thought(text) if split == "train" and rng.random() < WITHOUT_THOUGHT else text


def again(rng: random.Random, samples: Sequence[TrainingText]) -> Iterator[TrainingText]:
    """The texts without end, each time in another order."""
    while True:
        yield from rng.sample(samples, len(samples))


def dev_texts(seed: str, count: int, tasks: Sequence[str] = (), pools: Sequence[Pool] = ()) -> list[TrainingText]:
    """Always the same texts of the dev split, at most `count`: fewer where files alone are asked and hold less."""
    if pools and not tasks:
        count = min(count, len(pools) * min(len(pool.dev) for pool in pools))
    return list(islice(texts(random.Random(seed), "dev", tasks, pools), count))


def _text_of(name: str, rng: random.Random, lang: Language, split: str, brief: float) -> TrainingText:
    if name == FOLLOW:
        return _second_turn(rng, lang, split)
    if name == TALK:
        talk = everyday.draw(rng, lang)
        before = _exchange(*_answered(rng, lang, split)) if rng.random() < 0.2 else ""
        question = _directed(talk.question, lang, rng) if rng.random() < 0.05 else talk.question
        return _text(TALK, lang, question, talk.thought, talk.answer, talk.answer, before)
    problem = _drawn(name, rng, lang, split)
    chance = rng.random()
    before = ""  # an earlier turn that has nothing to do with this one
    if chance < 0.06:
        talk = everyday.draw(rng, lang)
        before = _exchange(talk.question, talk.answer)
    elif chance < 0.12:
        before = _exchange(*_answered(rng, lang, split))
    answer = problem.example or problem.answer
    at_once = brief > 0 and rng.random() < brief
    thought = chain(name, problem.values, answer, lang, rng, at_once)
    question = _asked(name, problem, rng, lang, split)
    text = _text(name, lang, question, thought, reply(thought, answer, lang), answer, before)
    return replace(text, reference=problem.answer, kind=problem.kind)


def _asked(name: str, problem: Drawn, rng: random.Random, lang: Language, split: str) -> str:
    """A question as people type it, now and then with a directive; in training in more wordings."""
    reworded = split == "train" and rng.random() < REWORDED
    question = wordings.reworded(name, problem, rng, lang) if reworded else problem.question
    if name != "primes":
        question = everyday.worn(question, rng, lang)
    return _directed(question, lang, rng) if rng.random() < 0.3 else question


def _directed(question: str, lang: Language, rng: random.Random) -> str:
    """A question with one of the directives that `r1chat eval` puts behind it."""
    if rng.random() < 0.6:
        return f"{question} {generated.DIRECTIVES.pick(lang)}"
    return (MATH_PROMPT_ZH if lang == "zh" else MATH_PROMPT).format(question=question)


def _answered(rng: random.Random, lang: Language, split: str) -> tuple[str, str, str]:
    """A question that has a whole number for an answer, the reply, and that number."""
    while True:
        name = rng.choice(ANSWERED)
        problem = _drawn(name, rng, lang, split)
        if re.fullmatch(r"-?\d{1,6}", problem.answer):
            return _asked(name, problem, rng, lang, split), answer_text(problem.answer, lang), problem.answer


def _second_turn(rng: random.Random, lang: Language, split: str) -> TrainingText:
    """A turn that goes on with the answer before: "now double it"."""
    while True:
        question, reply, number = _answered(rng, lang, split)
        before, sign, by, words = everyday.follow(rng, lang, int(number))
        if generated.split_of(f"{before}{sign}{by}") == split:
            break
    value = before + by if sign == "+" else before - by if sign == "-" else before * by if sign == "*" else before // by
    thought = chain(FOLLOW, (before, sign, by), str(value), lang, rng)
    earlier = _exchange(question, reply)
    return _text(FOLLOW, lang, words, thought, answer_text(str(value), lang), str(value), earlier)


def _exchange(question: str, reply: str, *_: str) -> str:
    return f"{USER}{question}{ASSISTANT}{reply}{EOS}"


def _without_thought(text: TrainingText) -> TrainingText:
    """The same with an empty thought, which stands in the prompt where a person has turned thinking off."""
    answer = text.completion.partition(f"{CLOSE}\n\n")[2]
    return replace(text, prompt=f"{text.prompt}\n{CLOSE}\n\n", completion=answer)


def _text(
    task: str, lang: Language, question: str, thought: str, reply: str, answer: str, before: str = ""
) -> TrainingText:
    prompt = f"{BOS}{before}{USER}{question}{ASSISTANT}{THINK}\n"
    kind: Check = "text" if task == TALK else "number"
    return TrainingText(task, lang, prompt, f"{thought}\n{CLOSE}\n\n{reply}{EOS}", answer, answer, kind)


def _drawn(name: str, rng: random.Random, lang: Language, split: str) -> Drawn:
    while True:
        problem = generated.TASKS[name](rng, lang)
        if generated.split_of(problem.core) == split:
            return problem


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids, and for each whether it is to be learnt."""

    tokens: list[int]
    learn: list[bool]


def encode(tokenizer: Tokenizer, problems: Sequence[TrainingText]) -> list[Example]:
    """Token ids of examples; those that are too long are left out."""
    parts = [_parts(text) for text in problems]
    ids = iter(tokenizer.encode_batch([part for row in parts for part, _ in row], add_special_tokens=False))
    examples = []
    for row in parts:
        tokens: list[int] = []
        learn: list[bool] = []
        for _, learnt in row:
            new = next(ids).ids
            tokens += new
            learn += [learnt] * len(new)
        if len(tokens) <= LONGEST:
            examples.append(Example(tokens, learn))
    return examples


def _parts(text: TrainingText) -> list[tuple[str, bool]]:
    parts = [(text.prompt, False)]
    for part in re.split(f"({WRONG}.*?{RIGHT})", text.completion):
        if part:
            parts.append((part.strip(WRONG + RIGHT), not part.startswith(WRONG)))
    return parts


def batches(examples: Sequence[Example], tokens: int, rng: random.Random, alike: bool = True) -> list[list[Example]]:
    """Batches of examples, each at most so many tokens with its padding, in random order.

    `alike`: of about one length, which wastes no padding; else each is drawn from all of them.
    """
    batches: list[list[Example]] = []
    longest = 0
    ordered = (
        sorted(examples, key=lambda example: len(example.tokens)) if alike else rng.sample(examples, len(examples))
    )
    for example in ordered:
        longest = max(longest, len(example.tokens))
        if batches and (len(batches[-1]) + 1) * longest <= tokens:
            batches[-1].append(example)
        else:
            batches.append([example])
            longest = len(example.tokens)
    rng.shuffle(batches)
    return batches
