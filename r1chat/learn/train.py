"""One run from beginning to end, in a process that may load PyTorch: never the page's.

Data, base, comparison with llama.cpp, training under the guard, the adapter's file, its comparison with PyTorch, the
proof. Whatever goes wrong ends in the run's status as a sentence; the base's file is only ever read.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r1chat.app import App
from r1chat.backends.format_finder import find_format
from r1chat.backends.gguf import Header
from r1chat.backends.llama.adapters import base_keys, belongs_to
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.backends.llama.files import ModelFile
from r1chat.backends.llama.found import ollama_models_of
from r1chat.backends.llama.machine import available_memory
from r1chat.both import Both
from r1chat.errors import ExportError, R1ChatError, TrainingError
from r1chat.learn.forecast import SMALL, Forecast, forecast, needed_memory
from r1chat.learn.gather import Gathered, TextRow, check_enough, question_of, read_rows, write_rows
from r1chat.learn.proof import LIMIT, PLAIN, PROMPTS, SAMPLES, Proof, Write, agreed_by_aspect, compare
from r1chat.learn.runs import Run, Status, now, only_one
from r1chat.library.forecast import duration
from r1chat.sizes import readable_size

if TYPE_CHECKING:
    from r1chat.backends.llama.child.reading import Reading, Written
    from r1chat.training.adapter_grpo import AdapterGrpo, GrpoResult, Problem
    from r1chat.training.adapting import Adapting, Result, Row
    from r1chat.training.base import Base
    from r1chat.training.device import Device

    Encoded = Sequence[tuple[TextRow, Row]]
    Trainer = Adapting | AdapterGrpo

NEEDED = ("torch", "transformers", "gguf", "llama_cpp")
ROOM = 300_000_000  # bytes: a checkpoint, the one that replaces it, the adapter
COMPARED = 6  # rows whose logits are compared with llama.cpp's
EPOCHS = 3.0  # at most, through the judgements
EPOCHS_GRPO = 6.0  # through the questions with right answers
SAMPLED = 8 * 150  # tokens that GRPO samples for each question, about
LONGEST = 1000  # tokens of a row's longer side; longer ones are left out

Tell = Callable[[Both], None]


class CancelledError(TrainingError):
    """A person cancelled or paused the run; what was trained is kept."""


@dataclass(frozen=True, slots=True)
class Target:
    """The model that is trained: its file, its digest, and those of its children."""

    file: ModelFile
    digest: str
    digests: frozenset[str]
    names: frozenset[str]

    @property
    def header(self) -> Header:
        assert self.file.header is not None
        return self.file.header


def missing() -> list[str]:
    """The packages that training needs and that are not there."""
    return [name for name in NEEDED if find_spec(name) is None]


def check_installed() -> None:
    """Raises TrainingError where a package is missing."""
    if names := missing():
        raise TrainingError(_NOT_INSTALLED.format(names=", ".join(names)))


def find_target(app: App, key: str) -> Target:
    """The model behind a key. Raises TrainingError where it cannot be trained, BackendError where it is gone."""
    backend, info = app.catalogue.find(key)
    if not isinstance(backend, LlamaCppBackend):
        raise TrainingError(_NOT_A_FILE.format(name=info.name))
    file = backend.file(info.name)
    if file is None or file.header is None or file.problem:
        raise TrainingError(file.problem.text if file and file.problem else _GONE.format(name=info.name))
    if file.base:
        raise TrainingError(_CHILD.format(name=info.name, base=file.base.name))
    if len(file.parts) > 1:
        raise TrainingError(_SPLIT.format(name=info.name))
    while not (digest := backend.digest(info.name)):
        time.sleep(0.1)
    names, digests = {info.name}, {digest}
    for model in ollama_models_of(file.path):  # what Ollama answered with this file, under its own digests
        names.add(model.name)
        digests.add(model.digest)
    for line in backend.models():
        child = backend.file(line.name)
        if child and child.adapter_header and belongs_to(child.adapter_header, digest):
            names.add(line.name)
            digests.add(line.digest)
    return Target(file, digest, frozenset(digests), frozenset(names))


def file_key(app: App, key: str) -> str:
    """The key of the file behind a model of Ollama's; any other key as it is.

    Raises TrainingError where the file is not here, or has an adapter in Ollama.
    """
    program, _, name = key.partition(":")
    backend = app.catalogue.backend("llama.cpp")
    if program != "ollama" or not isinstance(backend, LlamaCppBackend):
        return key
    if file := backend.of_ollama(name):
        model = next(model for model in ollama_models_of(file.path) if model.name in (name, f"{name}:latest"))
        if model.adapted:
            raise TrainingError(_CHILD.format(name=model.name, base=file.name))
        return f"llama.cpp:{file.name}"
    raise TrainingError(_NOT_A_FILE.format(name=name))


def rate_for(parameters: int) -> float:
    """The learning rate that suits a model's size, for LoRA: smaller models bear higher ones."""
    return 3e-4 if parameters < SMALL else 1e-4 if parameters < 1e9 else 5e-5


def part_for(parameters: int) -> int:
    """Tokens that are computed together: as many as keep memory small beside the weights."""
    return 4096 if parameters < SMALL else 512


def train(app: App, run: Run, tell: Tell) -> Status:
    """Do a run, or go on with it; its last status. `tell` gets a sentence at each turn of events.

    Raises what ended it, with the same sentence in the run's status; its checkpoint is kept. See `check_installed`.
    """
    with only_one(run):
        status = replace(Status(), began=now())
        job = _Job(app, run, status, tell)
        try:
            return job.do()
        except CancelledError:
            paused = not run.is_cancelled
            job.end("paused" if paused else "cancelled", _PAUSED if paused else _CANCELLED)
            raise CancelledError(_PAUSED if paused else _CANCELLED) from None
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


class _Job:
    def __init__(self, app: App, run: Run, status: Status, tell: Tell) -> None:
        self.app, self.run, self.status, self.tell = app, run, status, tell
        self.wish = run.wish

    def do(self) -> Status:
        """All stages in their order."""
        self._write()
        target = find_target(self.app, self.wish.model)
        self._check_room()
        gathered = self._gather(target)
        warning = check_enough(gathered, self.wish.kind)
        if warning:
            self.tell(warning)
        if gathered.contradictions:
            self.tell(_CONTRADICTIONS.format(n=gathered.contradictions))
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
        from r1chat.backends.llama.child.reading import Reading
        from r1chat.training.device import memory_told

        with closing(Reading(file.path, self.wish.threads)) as reading, memory_told():
            return self._do(target, gathered, reading)

    def _do(self, target: Target, gathered: Gathered, reading: Reading) -> Status:
        """What needs PyTorch: base, training, adapter, proof."""
        from r1chat.training.base import compare as compare_logits
        from r1chat.training.base import read_base

        trained, apart = self._encode(reading, gathered.rows), self._encode(reading, gathered.held)
        rows, held = [row for _, row in trained], [row for _, row in apart]
        if not rows or not held:
            raise TrainingError(_ALL_TOO_LONG.format(most=LONGEST))
        device = self._forecast(target, rows, _asked(gathered))
        self._write()
        base = read_base(target.file.path, self.wish.weights, device)
        compare_logits(base, reading, _samples(rows))
        adapting, result = self._train(base, trained, apart)
        if result.best is None:
            why = result.why or _NOTHING_LEARNT
            return self.end("stopped", why if result.harmed else Both.sentences([_NOTHING_LEARNT, why]))
        adapting.adapter.load(result.weights)
        self._write_adapter(target, base, adapting, result)
        try:
            reading.use_adapter(self.run.adapter)
            compare_logits(base, reading, _samples(held))
        except R1ChatError:
            self.run.adapter.unlink(missing_ok=True)
            raise
        proof = self._prove(base, reading, adapting, gathered, apart)
        (self.run.folder / "checkpoint.pt").unlink(missing_ok=True)
        self.status = replace(self.status, proof=proof.as_json())
        sentences = [result.why] if result.why else []
        if proof.harmed:
            sentences.append(_HARMED)
        return self.end("done", Both.sentences(sentences) if sentences else _DONE)

    def end(self, state: Any, why: Both) -> Status:
        """The last status."""
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
        if free < ROOM:
            raise TrainingError(
                _NO_ROOM.format(folder=self.run.folder, free=readable_size(free), needed=readable_size(ROOM))
            )

    def _gather(self, target: Target) -> Gathered:
        """The rows; those of the store are written once, so that a run that goes on has the same."""
        wish = self.wish
        file = Path(wish.data) if wish.data else self.run.folder / "data.jsonl"
        if not wish.data and not file.exists():
            file = write_rows(self.app.store, self.app.catalogue, wish.kind, self.run.folder)
        return read_rows(wish.kind, file, target.digests, target.names, wish.every_model or bool(wish.data), wish.by)

    def _encode(self, reading: Reading, texts: Sequence[TextRow]) -> Encoded:
        """Token ids of rows; rows that are too long are left out."""
        from r1chat.training.adapting import Row

        rows = []
        for text in texts:
            prompt = tuple(reading.prompt(text.prompt))
            chosen = () if text.reference else tuple(reading.completion(text.chosen))
            rejected = tuple(reading.completion(text.rejected)) if text.rejected else ()
            if len(prompt) + max(len(chosen), len(rejected)) <= LONGEST:
                rows.append((text, Row(prompt, chosen, rejected, text.good)))
        return rows

    def _forecast(self, target: Target, rows: Sequence[Row], asked: Sequence[tuple[str, bool]]) -> Device:
        """Tell what it will take, and where; the device. Raises TrainingError where memory does not suffice."""
        from r1chat.training.device import title

        file = target.file
        sampled = SAMPLED if self.wish.kind == "grpo" else 0
        known = sum(is_known for _, is_known in asked)
        expected = forecast(
            target.header,
            file.parameters,
            sum(row.tokens + sampled for row in rows),
            self._epochs,
            part_for(file.parameters),
            self.wish.threads,
            len(asked),
            known,
            self._samples,
        )
        device, memory = self._place(file.name, expected)
        self.status = replace(self.status, left=expected.seconds, memory=memory)
        text = _FORECAST if device.type == "cpu" else _FORECAST_GPU
        minutes, needed = max(1, round(expected.seconds / 60)), readable_size(memory)
        self.tell(text.format(rows=len(rows), device=title(device), minutes=minutes, memory=needed))
        if known and self._samples > 1:
            lasts = duration(expected.answers)
            self.tell(_FORECAST_PROOF.format(known=known, samples=self._samples, time=lasts))
        return device

    def _place(self, name: str, expected: Forecast) -> tuple[Device, int]:
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

    @property
    def _epochs(self) -> float:
        return self.wish.epochs or (EPOCHS_GRPO if self.wish.kind == "grpo" else EPOCHS)

    def _train(self, base: Base, trained: Encoded, apart: Encoded) -> tuple[Trainer, Result | GrpoResult]:
        from r1chat.training.adapter_grpo import AdapterGrpo
        from r1chat.training.adapter_run import Plan, Stopped
        from r1chat.training.adapting import Adapting, Guard

        wish = self.wish
        plan = Plan(
            wish.kind,
            self.status.rate,
            epochs=self._epochs,
            tokens=part_for(base.header.parameters),
            seed=wish.seed,
            threads=wish.threads,
        )
        adapting: Trainer
        if wish.kind == "grpo":
            adapting = AdapterGrpo(self.run.folder, base, _problems(trained), _problems(apart), plan)
        else:
            rows, held = [row for _, row in trained], [row for _, row in apart]
            adapting = Adapting(self.run.folder, base, rows, held, plan, Guard())
        self.status = replace(self.status, state="training", step=adapting.step, steps=adapting.steps)
        self._write()
        written = time.monotonic()
        first = adapting.step, adapting.seconds

        def note(line: dict[str, Any]) -> None:
            nonlocal written
            self.run.note(line)
            step = line.get("step", self.status.step)
            if time.monotonic() - written > 0.5 or "look" in line:
                written = time.monotonic()
                per_step = (adapting.seconds - first[1]) / max(1, step - first[0])
                self.status = replace(self.status, step=step, left=per_step * (adapting.steps - step))
                self._write()

        try:
            result: Result | GrpoResult = adapting.run(note, lambda: self.run.is_stopping)
        except Stopped:
            raise CancelledError(_CANCELLED) from None
        except ExportError as error:
            raise TrainingError(error.text) from None
        return adapting, result

    def _write_adapter(self, target: Target, base: Base, adapting: Trainer, result: Result | GrpoResult) -> None:
        from r1chat.training.adapter_file import write_adapter

        file = target.file
        title = f"{file.title or file.name} · {self.run.name}"
        keys = base_keys(file.name, file.size, target.digest, file.parts[0].modified)
        metadata: dict[str, str | int] = {"general.name": title, **keys}
        try:
            write_adapter(
                self.run.adapter,
                target.header.architecture,
                base.heads,
                result.weights,
                adapting.plan.alpha,
                metadata,
                base.reordered,
            )
        except OSError as error:
            raise TrainingError(_UNWRITABLE.format(file=self.run.adapter, reason=error.strerror)) from None

    def _prove(
        self,
        base: Base,
        reading: Reading,
        adapting: Trainer,
        gathered: Gathered,
        apart: Encoded,
    ) -> Proof:
        from r1chat.backends.llama.child.writer import StoppedError
        from r1chat.training.objectives import likelihood_change

        self.status = replace(self.status, state="proving")
        self._write()
        header = base.header
        special = header.special_tokens
        found = find_format(header.chat_template, special.get("bos", ""), special.get("eos", ""))

        def write(adapter: Path | None) -> Write:
            def replies(prompt: str, seeds: Sequence[int]) -> list[Written]:
                reading.use_adapter(adapter)
                try:
                    return reading.write(reading.prompt(prompt), LIMIT, seeds, stopped=lambda: self.run.is_stopping)
                except StoppedError:
                    raise CancelledError(_CANCELLED) from None

            return replies

        def tell(done: int, of: int) -> None:
            self.status = replace(self.status, step=done, steps=of, left=0.0)
            self._write()

        agreed = adapting.agreed()
        proof = compare(
            [(text, question_of(text)) for text, _ in _asked(gathered)],
            gathered.solutions,
            found.form,
            write(None),
            write(self.run.adapter),
            agreed,
            likelihood_change(base, adapting.adapter, [reading.prompt(text) for text in PLAIN]),
            self._samples,
            tell,
        )
        by_aspect = agreed_by_aspect([text for text, _ in apart], agreed)
        return replace(proof, helpfulness=by_aspect["helpfulness"], harmlessness=by_aspect["harmlessness"])


def _asked(gathered: Gathered) -> list[tuple[str, bool]]:
    """The prompts of the proof, and whether the right answer of each is known."""
    texts = list(dict.fromkeys([*gathered.solutions, *(row.prompt for row in gathered.held)]))
    random.Random(0).shuffle(texts)
    return [(text, text in gathered.solutions) for text in texts[:PROMPTS]]


def _problems(encoded: Encoded) -> list[Problem]:
    """Questions with right answers, for GRPO."""
    from r1chat.training.adapter_grpo import Problem

    return [Problem(row.prompt, text.prompt, text.reference) for text, row in encoded if text.reference]


def _samples(rows: Sequence[Row]) -> list[list[int]]:
    """Some texts of rows, cut at different places; never behind the end of a reply, which no model was trained on."""
    found = []
    for number, row in enumerate(rows[:COMPARED]):
        text = [*row.prompt, *row.chosen[:-1]]
        found.append(text[: max(2, len(text) - number * len(row.chosen) // COMPARED)][:512])
    return found


_DONE = Both("Done.", "完成。")
_NOT_INSTALLED = Both(
    "Training needs {names}: pip install 'r1chat[train]' (about 5 GB, mostly PyTorch; its CPU-only wheel is smaller).",
    "训练需要 {names}：pip install 'r1chat[train]'（约 5 GB，主要是 PyTorch；仅 CPU 的版本更小）。",
)
_NOT_A_FILE = Both(
    "{name} runs on a server, which does not give its weights away. Choose the model's GGUF file in the list under "
    "llama.cpp; r1chat finds those of Ollama and LM Studio, too.",
    "{name} 运行在服务器上，无法取得其权重。请在列表的 llama.cpp 下选择该模型的 GGUF 文件；"
    "r1chat 也会找到 Ollama 和 LM Studio 的文件。",
)
_GONE = Both(
    "The file of {name} is gone. Put it back; your judgements are kept.",
    "{name} 的文件已不在。请放回原处；你的评价都还在。",
)
_CHILD = Both(
    "{name} is an adapter itself. Train its base {base}: the judgements of all its children count, too.",
    "{name} 本身是适配器。请训练它的基础模型 {base}：其所有子模型的评价也会计入。",
)
_SPLIT = Both(
    "{name} is split over several files, and training needs it in one. Join them with llama-gguf-split --merge.",
    "{name} 分成了多个文件，而训练需要单个文件。请用 llama-gguf-split --merge 合并。",
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
_ALL_TOO_LONG = Both(
    "Every judged reply is longer than {most} tokens with its prompt, which training here does not take.",
    "所有被评价的回复连同提示都超过 {most} 个 token，此处无法训练。",
)
_CONTRADICTIONS = Both(
    "{n} judgements contradict others and are left out; the data page lists them.",
    "{n} 条评价与其他评价矛盾，已排除；数据页会列出它们。",
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
    "Cancelled. What was trained so far is kept: train again with the same settings to go on.",
    "已取消。已训练的部分会保留：用相同设置重新训练即可继续。",
)
_PAUSED = Both(
    "Paused. What was trained so far is kept: it goes on from there.", "已暂停。已训练的部分会保留：可从此处继续。"
)
_UNWRITABLE = Both(
    "{file} cannot be written ({reason}). Make room on the disk and train again: it goes on where it was.",
    "无法写入 {file}（{reason}）。请腾出磁盘空间后重新训练：会从中断处继续。",
)
