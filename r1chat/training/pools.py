"""The problems of a task file, as `r1chat eval` reads it, for reinforcement learning and distillation.

A fifth of them, by a hash of the question, is held out: `r1chat eval FILE --split dev` asks the same ones.
"""

from __future__ import annotations

import random
import re
from functools import cache
from itertools import islice

from tokenizers import Tokenizer

from r1chat.both import Both
from r1chat.errors import TrainingError
from r1chat.evaluation import Problem, load_task
from r1chat.evaluation.generated import Language
from r1chat.think import SPECIAL_TOKENS
from r1chat.training.chains import MAKERS
from r1chat.training.data import LONGEST, Pool, TrainingText, texts
from r1chat.training.vocabulary import ASSISTANT, BOS, THINK, USER

LONGEST_PROMPT = LONGEST // 2  # tokens; the rest is for the reply
FEWEST_TRAIN, FEWEST_DEV = 10, 2  # problems
_SHOWN = 5  # words that a notice names
_WORD = re.compile(r"[A-Za-z]{2,}|[\u4e00-\u9fff]")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def read_pool(file: str, tokenizer: Tokenizer) -> tuple[Pool, list[str]]:
    """The problems of a file, and notices for a person: what is left out, and words that the model cannot know.

    Raises EvaluationError for a file that is no task, TrainingError for one that nothing can be learnt from.
    """
    parts: list[tuple[TrainingText, ...]] = []
    name, all_problems = "", 0
    for split in ("train", "dev"):
        task = load_task(file, split)
        if task.code:
            raise TrainingError(_PROGRAMS.format(file=file))
        name, all_problems = task.name, all_problems + len(task.problems)
        problems = [_text(task.name, problem) for problem in task.problems if not _forged(problem)]
        ids = tokenizer.encode_batch([text.prompt for text in problems], add_special_tokens=False)
        parts.append(tuple(text for text, row in zip(problems, ids, strict=True) if len(row.ids) <= LONGEST_PROMPT))
    pool = Pool(name, *parts)
    count = len(pool.train) + len(pool.dev)
    if all_problems and not count:
        raise TrainingError(_ALL_LONG.format(file=file, most=LONGEST_PROMPT))
    if len(pool.train) < FEWEST_TRAIN or len(pool.dev) < FEWEST_DEV:
        counts = {"train": len(pool.train), "dev": len(pool.dev)}
        raise TrainingError(_TOO_FEW.format(file=file, **counts, needed=FEWEST_TRAIN, needed_dev=FEWEST_DEV))
    notices = [f"{name}: {len(pool.train)} problems to train on, {len(pool.dev)} held out."]
    if count < all_problems:
        notices.append(
            f"{name}: {all_problems - count} of {all_problems} problems have more than {LONGEST_PROMPT} tokens, or "
            "spell a special token, and are left out."
        )
    questions, words = unknown_words(pool)
    if questions * 4 > count:  # a made-up task draws an odd word now and then
        examples = ", ".join(f"“{word}”" for word in words[:_SHOWN])
        notices.append(
            f"{name}: {questions} of {count} questions hold words that r1chat's cold start never shows, "
            f"such as {examples}."
            " A model that has seen nothing else reads them letter by letter: expect few right samples."
        )
    return pool, notices


def _forged(problem: Problem) -> bool:
    """Whether a question spells a token that the model would take for the end of the question."""
    return any(token in problem.question for token in SPECIAL_TOKENS)


def _text(task: str, problem: Problem) -> TrainingText:
    prompt = f"{BOS}{USER}{problem.question}{ASSISTANT}{THINK}\n"
    language: Language = "zh" if _HAN.search(problem.question) else "en"
    return TrainingText(task, language, prompt, "", problem.answer, problem.answer, problem.kind)


def unknown_words(pool: Pool) -> tuple[int, list[str]]:
    """How many questions hold a word (or Chinese character) that the made-up tasks never do; those words, by number."""
    known = _known_words()
    counts: dict[str, int] = {}
    questions = 0
    for text in (*pool.train, *pool.dev):
        new = set(_words(text)) - known
        questions += bool(new)
        for word in new:
            counts[word] = counts.get(word, 0) + 1
    return questions, sorted(counts, key=lambda word: (-counts[word], word))


@cache
def _known_words() -> frozenset[str]:
    samples = islice(texts(random.Random(0), "train", tuple(MAKERS)), 8_000)
    return frozenset(word for text in samples for word in _words(text))


def _words(text: TrainingText) -> list[str]:
    return [word.lower() for word in _WORD.findall(text.prompt.partition(USER)[2].rpartition(ASSISTANT)[0])]


_PROGRAMS = Both(
    "{file} asks for programs, and training runs none. Leave those problems out.",
    "{file} 要求编写程序，而训练不运行程序。请去掉这些题目。",
)
_ALL_LONG = Both(
    "Every problem of {file} has more than {most} tokens: too long for a model of this size. Give shorter ones.",
    "{file} 的每道题都超过 {most} 个 token：对这种大小的模型来说太长。请给出更短的题目。",
)
_TOO_FEW = Both(
    "{file} has {train} problems to train on and {dev} that are held out; at least {needed} and {needed_dev} are "
    "needed. Add some: a fifth of them is held out.",
    "{file} 有 {train} 道训练题和 {dev} 道留出题；至少需要 {needed} 道和 {needed_dev} 道。"
    "请补充题目：其中五分之一会被留出。",
)
