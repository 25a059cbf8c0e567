"""What a task is: problems, each with a checker, under a name. Values; `loading` brings them, `forms` reads rows.

Evaluation and reinforcement learning use the same. No problems of other people come with r1chat.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from r1chat.judgements import Check
from r1chat.rewards import RightAnswer
from r1chat.rewards.programs import Requirements

# DeepSeek's advice for R1: no few-shot examples, and the directive in the user's turn.
MATH_PROMPT = "{question}\nPlease reason step by step, and put your final answer within \\boxed{{}}."
MATH_PROMPT_ZH = "{question}\n请一步步推理，并把最终答案放在\\boxed{{}}中。"
CHOICE_PROMPT = "{question}\n\nPlease reason step by step, and put the letter of your answer in \\boxed{{}}."
CODE_PROMPT = "{question}\n\nWrite a Python program and put all of it in one block: ```python … ```."
INPUT_PROMPT = (
    "{question}\n\nWrite a Python program that reads standard input and writes standard output, and put all of it in "
    "one block: ```python … ```."
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A question as the model is asked it, the directive included, and its right answer.

    A problem with `tests` asks for a program, and has no answer.
    """

    id: str
    question: str
    answer: str
    kind: Check
    tests: Requirements | None = None

    @property
    def reference(self) -> RightAnswer:
        """What an answer is checked against."""
        return RightAnswer(self.answer, self.kind)

    @property
    def right(self) -> RightAnswer | Requirements:
        """What makes a reply right: its tests, or its right answer."""
        return self.tests or self.reference


@dataclass(frozen=True, slots=True)
class TaskOrigin:
    """How a task was loaded: the arguments of `load_task`, with absolute paths."""

    name: str
    split: str = "test"
    count: int | None = None
    language: str = ""
    folder: str = ""
    hub: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """Problems under a name. `source` tells where they come from; `paper` names a column of the paper's table or "".

    `origin` None: the task was not loaded, but made by a program.
    """

    name: str
    problems: tuple[Problem, ...]
    source: str
    paper: str = ""
    origin: TaskOrigin | None = None

    @property
    def digest(self) -> str:
        """Tells whether two tasks are the same: 16 hexadecimal digits over all problems."""
        text = json.dumps(
            [[p.id, p.question, p.answer, p.kind, *([asdict(p.tests)] if p.tests else [])] for p in self.problems]
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def code(self) -> bool:
        """Whether any problem asks for a program, which must be run to be judged."""
        return any(problem.tests for problem in self.problems)
