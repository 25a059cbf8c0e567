"""A run: a model is asked every problem of a task k times, and what it answered is judged and kept.

A run's folder is a data folder of r1chat: its database holds every sample, so `r1chat serve --data-dir FOLDER` opens
them on the page. `run.json` says what was asked for, `solved.jsonl` has a line for each problem that is done. A run
that was killed continues with the first problem that is not done. The seed of each sample is a function of its problem,
so the figures are those of a run that was never interrupted. One process at a time works on a folder (`running`).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from r1chat import __version__, sampling
from r1chat.backends.catalogue import Catalogue
from r1chat.both import Both
from r1chat.chat import MOST_SAMPLES, Chat
from r1chat.conversations import StoredReply
from r1chat.errors import EvaluationError, GenerationError, R1ChatError
from r1chat.evaluation.judging import is_right, judge_anew
from r1chat.evaluation.measures import Sample, Solved
from r1chat.evaluation.problems import Problem, Task
from r1chat.evaluation.record import (
    DATABASE,
    DONE,
    FAILURE,
    SPECIFICATION,
    drop_cut_line,
    read_solved,
    read_specification,
)
from r1chat.evaluation.running import held
from r1chat.files import replacing, require_no_links
from r1chat.generation import Generation, Samples
from r1chat.reflect import find_moments
from r1chat.rewards import format_reward, language_consistency
from r1chat.rewards.programs import write_requirements
from r1chat.rewards.rules import rules
from r1chat.store import Store
from r1chat.teach import Teacher
from r1chat.votes import majority

# In run.json, but no part of what makes two runs the same.
_NOTES = ("r1chat", "rules", "began", "asked", "code", "recommended", "model_size", "model_digest")
RATER = "evaluation"
_SAVED_WITHIN = 60.0  # seconds that a slow disk, or another program, may hold the database


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What is asked of the model. `sampling`: parameters in place of the recommended ones; `budget` in tokens.

    `waits`: how often an ended thought is opened again with "Wait".
    """

    model: str  # a key, backend:name
    k: int = 1
    seed: int = 0
    sampling: tuple[tuple[str, float | int], ...] = ()
    thinking: str = ""
    system: str = ""
    budget: int | None = None
    waits: int = 0


class Run:
    """A run in a folder. Raises EvaluationError where that folder holds another run, or `settings` make no sense."""

    def __init__(self, folder: Path, task: Task, settings: RunSettings, catalogue: Catalogue) -> None:
        if not 1 <= settings.k <= MOST_SAMPLES:
            raise EvaluationError(_BAD_K.format(most=MOST_SAMPLES, k=settings.k))
        self.folder, self.task, self.settings = folder, task, settings
        self._catalogue = catalogue
        _, self.model = catalogue.find(settings.model)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # a mode is not for parents
            folder.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise EvaluationError(_NO_FOLDER.format(folder=folder, reason=error.strerror)) from None
        require_no_links(folder)
        if (folder / SPECIFICATION).exists():
            self._check()
            return
        with replacing(folder / SPECIFICATION) as stream:
            values = {**self._specification(), **self._told()}
            stream.write(json.dumps(values, ensure_ascii=False, indent=2).encode())

    def _check(self) -> None:
        """Raises EvaluationError where the folder holds another run."""
        known = read_specification(self.folder)
        if {name: value for name, value in known.items() if name not in _NOTES} != self._specification():
            raise EvaluationError(_ANOTHER.format(folder=self.folder))
        now = self._model_file()
        if any(known.get(name) and value and known[name] != value for name, value in now.items()):
            raise EvaluationError(_ANOTHER_FILE.format(folder=self.folder, model=self.settings.model))

    def _model_file(self) -> dict[str, object]:
        """What tells the model's file from another one of its name. The digest of a large one may not be known yet."""
        return {"model_size": self.model.size, "model_digest": self.model.digest}

    def _told(self) -> dict[str, object]:
        """What `run.json` also says.

        Version, digest of the rules that judge, time (ISO 8601, UTC), how the task is loaded, whether it asks for
        programs, recommended sampling, size (bytes) and digest of the model's file.
        """
        header = self._catalogue.header(self.model.key)
        advice = sampling.recommended(self.model, header.metadata if header else None, self.settings.thinking)
        return {
            "r1chat": __version__,
            "rules": rules(),
            "began": datetime.now(UTC).isoformat(timespec="seconds"),
            "asked": asdict(self.task.origin) if self.task.origin else None,
            "code": self.task.code,
            "recommended": {"temperature": advice.params.temperature, "top_p": advice.params.top_p},
            **self._model_file(),
        }

    def _specification(self) -> dict[str, object]:
        """What is asked for, as JSON has it."""
        model = self.model
        values = {
            "task": self.task.name,
            "problems": len(self.task.problems),
            "digest": self.task.digest,
            "source": self.task.source,
            "paper": self.task.paper,
            "title": model.title or model.name,
            "quantisation": model.quantisation,
            **{name: value for name, value in asdict(self.settings).items() if name != "waits" or value},
        }
        return json.loads(json.dumps(values))  # type: ignore[no-any-return]

    def solved(self) -> list[Solved]:
        """What is done so far."""
        return read_solved(self.folder)

    def go_on(self, tell: Callable[[Problem, list[Solved]], None] = lambda problem, solved: None) -> list[Solved]:
        """Ask what has not been asked yet; `tell` is called before each problem. Returns all of it.

        Raises BackendError where the model cannot be asked at all; what is done stays, and the same call goes on.
        Raises EvaluationError while another process works on the folder.
        """
        with held(self.folder):
            self._check()  # somebody may have begun another run in the same folder at the same moment
            drop_cut_line(self.folder / DONE)
            judge_anew(self.folder)
            (self.folder / FAILURE).unlink(missing_ok=True)
            try:
                return self._go_on(tell)
            except R1ChatError as error:
                with suppress(OSError):  # a full disk may be the reason
                    sentences = json.dumps([error.sentence("en"), error.sentence("zh")], ensure_ascii=False)
                    (self.folder / FAILURE).write_text(sentences, encoding="utf-8")
                raise

    def _go_on(self, tell: Callable[[Problem, list[Solved]], None]) -> list[Solved]:
        done = self.solved()
        known = {outcome.problem for outcome in done}
        with closing(Store(f"sqlite:///{self.folder / DATABASE}")) as store:
            store.interrupt_unfinished()
            chat = Chat(store, self._catalogue, repeatable=True)
            try:
                teacher = Teacher(chat, RATER)
                for number, problem in enumerate(self.task.problems):
                    if problem.id not in known:
                        tell(problem, done)
                        began = time.monotonic()
                        solved = self._solve(chat, teacher, problem, self.settings.seed + number * MOST_SAMPLES)
                        done.append(replace(solved, seconds=time.monotonic() - began))
                        self._append(done[-1])
            finally:
                chat.close()
        return done

    def _solve(self, chat: Chat, teacher: Teacher, problem: Problem, seed: int) -> Solved:
        store, settings = chat.store, self.settings
        conversation = store.new_conversation(f"{self.task.name} {problem.id}", settings.model)
        turn = store.add_turn(conversation.id, problem.question, None)
        if settings.budget:
            store.set_steering(conversation.id, settings.budget, False)
        earlier: dict[str, list[StoredReply]] = {}  # what a sample's thought went on from, by the id of its last reply
        if settings.k > 1 and settings.budget is None and not settings.waits:
            self._set_seed(chat, conversation.id, seed)
            _complete(chat.vote(turn.id, settings.k, settings.model))
            replies = store.replies(turn.id)
        else:
            replies = []
            for sample in range(settings.k):
                self._set_seed(chat, conversation.id, seed + sample)
                chain = [self._ask(chat, turn.id)]
                while len(chain) <= settings.waits and chain[-1].reply.finish == "stop" and chain[-1].reply.reasoning:
                    generation = chat.think_longer(chain[-1].id, settings.model)
                    _complete(generation)
                    chain.append(store.reply(generation.reply_id))
                replies.append(chain[-1])
                earlier[chain[-1].id] = chain[:-1]
        if all(reply.reply.finish == "error" for reply in replies):
            raise GenerationError(replies[0].reply.error)
        if not problem.tests:
            teacher.set_reference(turn.id, problem.answer, problem.kind)
        chosen = None if problem.tests else majority(replies)  # programs do not vote
        verdict = is_right(chosen, problem.right) if chosen else None if problem.tests else False
        samples = tuple(_sample(reply, problem, earlier.get(reply.id, ())) for reply in replies)
        if problem.tests:
            tests = teacher.set_reference(turn.id, write_requirements(problem.tests), "tests")
            for judged in samples:
                right = None if judged.correct is None else float(judged.correct)
                store.judgements.add_verification(judged.reply, tests.id, right)
        return Solved(problem.id, turn.id, samples, verdict)

    def _ask(self, chat: Chat, turn_id: str) -> StoredReply:
        generation = chat.again(turn_id, self.settings.model, skip_thought=self.settings.budget == 0)
        _complete(generation)
        return chat.store.reply(generation.reply_id)

    def _set_seed(self, chat: Chat, conversation_id: str, seed: int) -> None:
        values = sampling.checked({**dict(self.settings.sampling), "seed": seed % 2**31})
        chat.set_behaviour(conversation_id, self.settings.thinking, self.settings.system, values)

    def _append(self, solved: Solved) -> None:
        with (self.folder / DONE).open("ab") as file:
            file.write(json.dumps(asdict(solved)).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _complete(work: Generation | Samples) -> None:
    """Wait for the end of replies, and until it is in the database. Raises StoreError where it cannot be saved."""
    work.wait()
    if not work.saved(_SAVED_WITHIN) and (error := work.not_saved) is not None:
        raise error


def _sample(stored: StoredReply, problem: Problem, earlier: Sequence[StoredReply] = ()) -> Sample:
    """`earlier`: the replies whose thought this one went on from; their tokens and seconds count."""
    reply = stored.reply
    usages, timings = ([getattr(part.reply, name) for part in (*earlier, stored)] for name in ("usage", "timings"))
    moments: dict[str, int] = {}
    for moment in find_moments(reply.reasoning):
        moments[moment.kind] = moments.get(moment.kind, 0) + 1
    return Sample(
        reply=stored.id,
        correct=is_right(stored, problem.right),
        finish=reply.finish or "",
        thinking=sum(usage.reasoning_tokens for usage in usages),
        answer=sum(usage.answer_tokens for usage in usages),
        seconds=sum(timing.decode or timing.total for timing in timings),
        format=format_reward(reply).value,
        language=language_consistency(reply.reasoning, problem.question).value,
        moments=moments,
    )


_BAD_K = Both("k is a number of samples from 1 to {most}, not {k}.", "k 是 1 到 {most} 的样本数，不能是 {k}。")
_NO_FOLDER = Both(
    "The folder {folder} cannot be made ({reason}). Check whether the disk is full, or give another name with --name.",
    "无法创建文件夹 {folder}（{reason}）。请检查磁盘是否已满，或用 --name 另起名字。",
)
_ANOTHER_FILE = Both(
    "The model {model} is another file than when {folder} was begun: its answers would be mixed with the former one's. "
    "Put that file back, or begin a new run with --name.",
    "模型 {model} 的文件与 {folder} 开始时不同：结果会混入另一个模型的回答。"
    "请放回原来的文件，或用 --name 开始新的运行。",
)
_ANOTHER = Both(
    "{folder} holds another run: another task, model or setting. Give this one a name of its own with --name.",
    "{folder} 里是另一次运行（任务、模型或设置不同）。请用 --name 给这一次另起名字。",
)
