"""One run from beginning to end, in a process that may load PyTorch: never the page's.

Data, base, comparison with llama.cpp, training under the guard, the adapter's file, its comparison with PyTorch, the
proof. Whatever goes wrong ends in the run's status as a sentence; the base's file is only ever read.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r1chat.app import App
from r1chat.backends.format_finder import find_format
from r1chat.backends.llama.adapters import base_keys
from r1chat.backends.llama.machine import available_memory
from r1chat.both import Both
from r1chat.errors import ExportError, R1ChatError, TrainingError
from r1chat.export.templates import Templates
from r1chat.learn.defaults import LIMIT as SAMPLE_LIMIT
from r1chat.learn.defaults import epochs_for, part_for, rate_for, rows_for
from r1chat.learn.forecast import Sampling, TrainingForecast, forecast, needed_memory
from r1chat.learn.forgetting import forget_erased_in, note_names
from r1chat.learn.gather import (
    LONGEST,
    TextRow,
    TrainingData,
    check_enough,
    choosing_part,
    fitting,
    read_rows,
    same_told,
    too_long_told,
    unusable_told,
    write_rows,
)
from r1chat.learn.proof import LIMIT, PLAIN, PROMPTS, SAMPLES, Proof, Write, agreed_by_aspect, compare
from r1chat.learn.runs import LOG, RunStatus, TrainingRun, now, only_one
from r1chat.learn.target import Target, find_target
from r1chat.learn.trials import chosen
from r1chat.library.forecast import duration
from r1chat.reasoning_format import ReasoningFormat
from r1chat.sizes import readable_size
from r1chat.verdicts import renew

if TYPE_CHECKING:
    from r1chat.backends.llama.child.reading import GeneratedText, LoadedModel
    from r1chat.learn.teaching import Lesson, Trainer
    from r1chat.training.adapter_grpo import GrpoResult
    from r1chat.training.adapting import TrainingResult
    from r1chat.training.device import TorchDevice

NEEDED = ("torch", "transformers", "gguf", "llama_cpp")
ROOM = 300_000_000  # bytes: a checkpoint, the one that replaces it, the adapter

_Tell = Callable[[Both], None]


class CancelledError(TrainingError):
    """A person cancelled or paused the run; what was trained is kept."""


def missing() -> list[str]:
    """The packages that training needs and that are not there."""
    return [name for name in NEEDED if find_spec(name) is None]


def check_installed() -> None:
    """Raises TrainingError where a package is missing."""
    if names := missing():
        raise TrainingError(_NOT_INSTALLED.format(names=", ".join(names)))


def train(app: App, run: TrainingRun, tell: _Tell) -> RunStatus:
    """Do a run, or go on with it; its last status. `tell` gets a sentence at each turn of events.

    It learns from today's judgements, and goes on from its checkpoint only where that was trained on the same.
    Raises what ended it, with the same sentence in the run's status; its checkpoint is kept. See `check_installed`.
    """
    with only_one(run):
        status = replace(RunStatus(), began=now())
        job = _Job(app, run, status, tell)
        try:
            return job.do()
        except CancelledError:
            why = job.interrupted()
            job.end("cancelled" if run.is_cancelled else "paused", why)
            raise CancelledError(why) from None
        except R1ChatError as error:
            text = Both.of(error.text)
            job.end("failed", text)
            raise
        except MemoryError:
            job.end("failed", _NO_MEMORY)
            raise TrainingError(_NO_MEMORY) from None
        except KeyboardInterrupt:
            job.end("cancelled", _CANCELLED)
            raise
        finally:
            if job.status.state not in ("done", "stopped") and not run.checkpoints:
                run.drop_data()
            with suppress(R1ChatError, OSError):  # a full disk, a busy database: at the next start
                forget_erased_in(app.store, run)


class _Job:
    def __init__(self, app: App, run: TrainingRun, status: RunStatus, tell: _Tell) -> None:
        self.app, self.run, self.status, self.tell = app, run, status, tell
        self.wish = run.wish
        self.notice: Both | None = None  # said before how it ended

    def do(self) -> RunStatus:
        """All stages in their order."""
        self._write()
        target = find_target(self.app, self.wish.model)
        self._check_room()
        gathered = self._gather(target)
        check_enough(gathered, self.wish.kind)  # before a model is loaded
        if self.wish.trials > 1:
            choosing_part(gathered)
        from r1chat.backends.llama.child.reading import LoadedModel
        from r1chat.training.device import memory_told

        with closing(LoadedModel(target.file.path, self.wish.threads)) as reading, memory_told():
            gathered, choosing = self._parts(target, fitting(gathered, reading, self.wish.longest or LONGEST))
            return self._do(target, gathered, choosing, reading)

    def _parts(self, target: Target, gathered: TrainingData) -> tuple[TrainingData, tuple[TextRow, ...]]:
        """What is trained on and set apart, and what chooses among trials; told, and written into the status."""
        warning = check_enough(gathered, self.wish.kind)
        learnt, choosing = choosing_part(gathered) if self.wish.trials > 1 else (gathered, ())
        if warning:
            self.tell(warning)
        for sentence in (*too_long_told(gathered), *same_told(gathered)):
            self.tell(sentence)
        if gathered.contradictions:
            self.tell(_CONTRADICTIONS.format(n=gathered.contradictions))
        if gathered.repeated:
            self.tell(_REPEATED.format(n=gathered.repeated))
        if gathered.unusable:
            self.tell(unusable_told(gathered.unusable))
        if gathered.others:
            self.tell(_OTHERS.format(n=gathered.others.total(), names=", ".join(sorted(gathered.others))))
        file = target.file
        self.status = replace(
            self.status,
            rows=len(gathered.rows),
            held=len(gathered.held),
            rate=self.wish.rate or rate_for(file.parameters),
            data=gathered.digest,
            base={
                "name": file.name,
                "title": file.title or file.name,
                "sha256": target.digest,
                "path": str(file.path),
            },
        )
        return learnt, choosing

    def _do(
        self, target: Target, gathered: TrainingData, choosing: Sequence[TextRow], reading: LoadedModel
    ) -> RunStatus:
        """What needs PyTorch: base, training, adapter, proof."""
        from r1chat.learn.teaching import encode, samples_of, trainer_of
        from r1chat.training.base import compare as compare_logits
        from r1chat.training.base import read_base

        lesson = encode(reading, gathered, choosing)
        device = self._forecast(target, lesson, _asked(gathered))
        self._write()
        base = read_base(target.file.path, self.wish.weights, device)
        compare_logits(base, reading, samples_of(lesson.trained))
        special = base.header.special_tokens
        form = find_format(base.header.chat_template, special.get("bos", ""), special.get("eos", "")).form
        trainer = trainer_of(self.run.folder, self.wish, self.status.rate, base, lesson, reading, form)
        self.run.adapter.unlink(missing_ok=True)  # of a run that was cancelled and goes on
        if not trainer.begun:
            self._begin_anew()
        result = self._train(target, trainer, lesson, reading)
        if result.best is None:
            why = result.why or _NOTHING_LEARNT
            return self.end("stopped", why if result.harmed else Both.sentences([_NOTHING_LEARNT, why]))
        self._write_adapter(target, trainer, result, lesson, reading)
        proof = self._prove(reading, trainer, gathered, lesson, form)
        (self.run.folder / "checkpoint.pt").unlink(missing_ok=True)
        for folder in self.run.folder.glob("trial-*"):
            shutil.rmtree(folder, ignore_errors=True)
        self.status = replace(self.status, proof=proof.as_json())
        sentences = [result.why] if result.why else []
        if self.status.trials:
            sentences.append(chosen(self.status.trials))
        if proof.harmed:
            sentences.append(_HARMED)
        left_out = too_long_told(gathered)
        if gathered.unusable:
            left_out.append(unusable_told(gathered.unusable))
        if left_out:
            sentences = [*(sentences or [_DONE]), *left_out]
        return self.end("done", Both.sentences(sentences) if sentences else _DONE)

    def _begin_anew(self) -> None:
        """Remove what an earlier try left, and say so if it had a checkpoint."""
        if self.run.checkpoints:
            self.tell(_ANEW)
            self.notice = _ANEW
            self.status = replace(self.status, why=(_ANEW.en, _ANEW.zh))
        self.run.drop_checkpoints()
        (self.run.folder / LOG).unlink(missing_ok=True)

    def interrupted(self) -> Both:
        """What a person is told who paused or cancelled."""
        if not self.run.is_cancelled:
            return _PAUSED
        return (
            Both.sentences([_CANCELLED, _SO_FAR.format(name=self.run.name)])
            if self.run.adapter.exists()
            else _CANCELLED
        )

    def end(self, state: Any, why: Both) -> RunStatus:
        """The last status."""
        if self.notice:
            why = Both.sentences([self.notice, why])
        self.status = replace(self.status, state=state, why=(why.en, why.zh), ended=now(), left=0.0)
        self._write()
        return self.status

    def _write(self) -> None:
        try:
            self.run.write(self.status)
        except ExportError as error:
            if self.status.state not in ("failed", "cancelled"):  # with those, a full disk was told already
                raise TrainingError(error.text) from None

    def _check_room(self) -> None:
        free = shutil.disk_usage(self.run.folder).free
        needed = ROOM * self.wish.trials
        if free < needed:
            raise TrainingError(
                _NO_ROOM.format(folder=self.run.folder, free=readable_size(free), needed=readable_size(needed))
            )

    def _gather(self, target: Target) -> TrainingData:
        """The rows of today, those of the store written into the run's folder."""
        wish = self.wish
        file = Path(wish.data)
        if not wish.data:
            renew(self.app.store)
            file = write_rows(self.app.store, self.app.catalogue, wish.kind, self.run.folder)
        form = Templates(self.app.catalogue, None).form(wish.model)  # as the export wrote it
        every_model = wish.every_model or bool(wish.data)
        gathered = read_rows(wish.kind, file, target.digests, target.names, every_model, wish.by, form)
        if wish.data:
            try:
                note_names(self.run, {row.conversation for row in (*gathered.rows, *gathered.held)} - {""})
            except ExportError as error:
                raise TrainingError(error.text) from None
        return gathered

    def _forecast(self, target: Target, lesson: Lesson, prompts: Sequence[tuple[str, bool]]) -> TorchDevice:
        """Tell what it will take, and where; the device. Raises TrainingError where memory does not suffice."""
        from r1chat.training.device import title

        file, wish = target.file, self.wish
        known = sum(is_known for _, is_known in prompts)
        sampling = None
        if wish.kind == "grpo":
            limit, rows = wish.limit or SAMPLE_LIMIT, rows_for(file.parameters)
            sampling = Sampling(len(lesson.trained), len(lesson.apart), lesson.longest_prompt, limit, rows)
        expected = forecast(
            target.header,
            file.parameters,
            0 if sampling else sum(row.tokens for row in lesson.rows),
            wish.epochs or epochs_for(wish.kind),
            max(part_for(file.parameters), lesson.longest),
            wish.threads,
            len(prompts),
            known,
            self._samples,
            wish.trials,
            sampling,
        )
        device, memory = self._place(file.name, expected)
        self.status = replace(self.status, left=expected.seconds, memory=memory)
        text = _FORECAST if device.type == "cpu" else _FORECAST_GPU
        minutes, needed = max(1, round(expected.seconds / 60)), readable_size(memory)
        self.tell(text.format(rows=len(lesson.trained), device=title(device), minutes=minutes, memory=needed))
        if lesson.choosing is not lesson.apart:
            self.tell(_FORECAST_TRIALS.format(trials=wish.trials, rows=len(lesson.choosing)))
        if known and self._samples > 1:
            lasts = duration(expected.answers)
            self.tell(_FORECAST_PROOF.format(known=known, samples=self._samples, time=lasts))
        return device

    def _place(self, name: str, expected: TrainingForecast) -> tuple[TorchDevice, int]:
        """Where to train, and how many bytes that takes there. Raises TrainingError where they are not free."""
        from r1chat.training.device import find_device, own_memory, title

        device = find_device(self.wish.device)
        own = own_memory(device)
        if self.wish.device == "auto" and own is not None and own < expected.on_gpu:
            device, own = find_device("cpu"), None
        gpu = None if own is None else (title(device), own)
        return device, needed_memory(name, expected, available_memory(), gpu)

    @property
    def _samples(self) -> int:
        return self.wish.samples or SAMPLES

    def _train(
        self, target: Target, trainer: Trainer, lesson: Lesson, reading: LoadedModel
    ) -> TrainingResult | GrpoResult:
        """Train to the end. What a cancelled run came to so far is written as an adapter that can be kept."""
        from r1chat.learn.teaching import rate_of, tried
        from r1chat.training.adapter_run import RunCancelledError

        self.status = replace(self.status, state="training", step=trainer.step, steps=trainer.steps)
        self._write()
        last_write = time.monotonic()

        def note(line: dict[str, Any]) -> None:
            nonlocal last_write
            self.run.note(line)
            if time.monotonic() - last_write > 0.5 or "look" in line:
                last_write = time.monotonic()
                trials = [asdict(trial) for trial in tried(trainer)]
                self.status = replace(self.status, step=trainer.step, left=trainer.left, trials=trials)
                self._write()

        try:
            result: TrainingResult | GrpoResult = trainer.run(note, lambda: self.run.is_stopping)
        except RunCancelledError:
            if self.run.is_cancelled and (so_far := trainer.result()).best:
                self.status = replace(self.status, rate=rate_of(trainer))
                self._write_adapter(target, trainer, so_far, lesson, reading)
            raise CancelledError(_CANCELLED) from None
        except ExportError as error:
            raise TrainingError(error.text) from None
        trials = [asdict(trial) for trial in tried(trainer)]
        self.status = replace(self.status, trials=trials, rate=rate_of(trainer))
        return result

    def _write_adapter(
        self,
        target: Target,
        trainer: Trainer,
        result: TrainingResult | GrpoResult,
        lesson: Lesson,
        reading: LoadedModel,
    ) -> None:
        """Write what was trained, and compare it in llama.cpp with PyTorch. Raises TrainingError; none is left then."""
        from r1chat.learn.teaching import samples_of
        from r1chat.training.adapter_file import write_adapter
        from r1chat.training.base import compare as compare_logits

        file, base = target.file, trainer.base
        title = f"{file.title or file.name} · {self.run.name}"
        keys = base_keys(file.name, file.size, target.digest, file.parts[0].modified)
        metadata: dict[str, str | int] = {"general.name": title, **keys}
        trainer.adapter.load(result.weights)
        try:
            write_adapter(
                self.run.adapter,
                target.header.architecture,
                base.heads,
                result.weights,
                trainer.plan.alpha,
                metadata,
                base.reordered,
            )
        except OSError as error:
            raise TrainingError(_UNWRITABLE.format(file=self.run.adapter, reason=error.strerror)) from None
        try:
            reading.use_adapter(self.run.adapter)
            compare_logits(base, reading, samples_of(lesson.apart))
        except R1ChatError:
            self.run.adapter.unlink(missing_ok=True)
            raise

    def _prove(
        self,
        reading: LoadedModel,
        trainer: Trainer,
        gathered: TrainingData,
        lesson: Lesson,
        form: ReasoningFormat | None,
    ) -> Proof:
        from r1chat.backends.llama.child.writer import StoppedError
        from r1chat.learn.teaching import agreed
        from r1chat.training.objectives import likelihood_change

        self.status = replace(self.status, state="proving")
        self._write()

        def write(adapter: Path | None) -> Write:
            def replies(prompt: str, seeds: Sequence[int]) -> list[GeneratedText]:
                reading.use_adapter(adapter)
                try:
                    return reading.write(reading.prompt(prompt), LIMIT, seeds, stopped=lambda: self.run.is_stopping)
                except StoppedError:
                    raise CancelledError(_CANCELLED) from None

            return replies

        def tell(done: int, of: int) -> None:
            self.status = replace(self.status, step=done, steps=of, left=0.0)
            self._write()

        sides = agreed(trainer, lesson.apart)
        proof = compare(
            [(text, gathered.questions.get(text) or text) for text, _ in _asked(gathered)],
            gathered.solutions,
            form,
            write(None),
            write(self.run.adapter),
            sides,
            likelihood_change(trainer.base, trainer.adapter, [reading.prompt(text) for text in PLAIN]),
            self._samples,
            tell,
        )
        by_aspect = agreed_by_aspect([text for text, _ in lesson.apart], sides)
        return replace(proof, helpfulness=by_aspect["helpfulness"], harmlessness=by_aspect["harmlessness"])


def _asked(gathered: TrainingData) -> list[tuple[str, bool]]:
    """The prompts of the proof, and whether the right answer of each is known."""
    texts = list(dict.fromkeys([*gathered.solutions, *(row.prompt for row in gathered.held)]))
    random.Random(0).shuffle(texts)
    return [(text, text in gathered.solutions) for text in texts[:PROMPTS]]


_DONE = Both("Done.", "完成。")
_NOT_INSTALLED = Both(
    "Training needs {names}: pip install 'r1chat[train]' (about 5 GB, mostly PyTorch; its CPU-only wheel is smaller).",
    "训练需要 {names}：pip install 'r1chat[train]'（约 5 GB，主要是 PyTorch；仅 CPU 的版本更小）。",
)
_NO_ROOM = Both(
    "{folder} has {free} left on its disk; training needs {needed}. Make room first.",
    "{folder} 所在磁盘只剩 {free}；训练需要 {needed}。请先腾出空间。",
)
_NO_MEMORY = Both(
    "Memory ran out. Close other programs, or train a smaller model; what was trained so far is kept.",
    "内存不足。请关闭其他程序，或训练更小的模型；已训练的部分会保留。",
)
_FORECAST = Both(
    "{rows} judgements to train on, on {device}: about {minutes} min, {memory} of memory.",
    "在{device}上用 {rows} 条评价训练：约 {minutes} 分钟，内存 {memory}。",
)
_FORECAST_GPU = Both(
    "{rows} judgements to train on, on {device}: {memory} of its memory. The time left shows once it runs; the "
    "processor alone would take about {minutes} min.",
    "在{device}上用 {rows} 条评价训练：占用其内存 {memory}。开始后会显示剩余时间；仅用处理器约需 {minutes} 分钟。",
)
_FORECAST_PROOF = Both(
    "Of that, about {time} for the answers before and after: {samples} to each of {known} questions with a "
    "right answer. --samples 1 takes less, and gives no cons@k.",
    "其中约{time}用于训练前后的回答：{known} 个有参考答案的问题各 {samples} 条。--samples 1 更快，但没有 cons@k。",
)
_FORECAST_TRIALS = Both(
    "{trials} trials at different rates, in that time at most; {rows} judgements more are left out to choose the best.",
    "在此时间内最多做 {trials} 次不同学习率的试验；另有 {rows} 条评价不参与训练，用来选出最好的一次。",
)
_CONTRADICTIONS = Both(
    "{n} judgements contradict others and are left out; the data page lists them.",
    "{n} 条评价与其他评价矛盾，已排除；数据页会列出它们。",
)
_REPEATED = Both(
    "{n} rows of the test file are left out: their prompt or conversation is trained on too.",
    "测试文件中有 {n} 行已排除：它们的提示或对话也在训练数据中。",
)
_OTHERS = Both(
    "{n} judgements of other models are left out ({names}); --every-model takes them, too.",
    "其他模型的 {n} 条评价已排除（{names}）；--every-model 会一并使用。",
)
_NOTHING_LEARNT = Both(
    "Nothing was learnt that holds on the judgements that were set apart, so there is no child.",
    "没有学到在留出的评价上成立的内容，因此没有子模型。",
)
_HARMED = Both(
    "It got worse at something that can be checked: look at the figures before you keep it.",
    "它在可检验的方面变差了：保留之前请查看数据。",
)
_CANCELLED = Both(
    "Cancelled. What was trained so far is kept: train again with the same settings to go on. If the judgements have "
    "changed by then, it begins anew.",
    "已取消。已训练的部分会保留：用相同设置重新训练即可继续。如果届时评价有变，则从头开始。",
)
_SO_FAR = Both(
    "The best state so far can be kept as it is, without a proof: r1chat adapters keep {name}.",
    "目前最好的状态可以直接保留，但未经检验：r1chat adapters keep {name}。",
)
_PAUSED = Both(
    "Paused. What was trained so far is kept: it goes on from there, or begins anew if the judgements have changed.",
    "已暂停。已训练的部分会保留：可从此处继续；如果评价有变，则从头开始。",
)
_ANEW = Both(
    "The checkpoint was trained on other judgements than there are today (some are new, changed, refused or deleted), "
    "or is damaged, so the run begins anew with today’s.",
    "检查点训练时的评价与现在不同（有新增、更改、拒绝导出或删除），或检查点已损坏，因此用现在的评价从头开始训练。",
)
_UNWRITABLE = Both(
    "{file} cannot be written ({reason}). Make room on the disk and train again: it goes on where it was.",
    "无法写入 {file}（{reason}）。请腾出磁盘空间后重新训练：会从中断处继续。",
)
