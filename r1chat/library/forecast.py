"""How a model will do on this machine, before it is loaded or even downloaded: memory, window and speed.

Pure: a GGUF's header and what the machine has go in, numbers and a sentence come out. Memory is counted as the engine
counts it when it loads the file (`backends.llama.machine`). One token costs the time to read the weights that it uses,
the keys and values of the context, and an overhead for each layer; `speed` measures the rates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from r1chat.backends.gguf import BLOCKS, Header
from r1chat.backends.llama.channel import Device
from r1chat.backends.llama.machine import LARGE_WEIGHTS, Fit, Needs, fitting_layers
from r1chat.both import Both, Language
from r1chat.errors import ModelFileError
from r1chat.sizes import readable_size

THOUGHT = 3_000  # tokens of an ordinary thought, for a time that a person can imagine
BATCH = 64  # tokens of a prompt that the engine reads at once
_PER_ENTRY = 5e-9  # seconds that sampling takes for each token of the vocabulary

# Which measured kind a tensor type is most like, by the work that its blocks are; the others like Q4_K.
_LIKE = {14: "Q6_K", 8: "Q8_0", 0: "Q8_0", 1: "Q8_0", 30: "Q8_0"}


@dataclass(frozen=True, slots=True)
class Rates:
    """How quickly one device computes, with one number of threads."""

    weights: Mapping[str, float]  # bytes/s by kind ("Q4_K" …), decoding
    layer: float  # seconds of overhead for each layer and token
    attention: float  # bytes/s of keys and values
    prompt: float  # weights (parameters) x tokens/s, reading a prompt


@dataclass(frozen=True, slots=True)
class Speeds:
    """What was measured on this machine. `few` are the rates with the threads that small models get."""

    cpu: Rates
    few: Rates
    gpu: Rates | None
    disk: float  # bytes/s
    rough: bool = False  # by memory bandwidth alone, since there is no engine to measure with


@dataclass(frozen=True, slots=True)
class Resources:
    """What this machine has for a model now, in bytes."""

    free: int
    gpus: Sequence[Device] = ()


@dataclass(frozen=True, slots=True)
class Forecast:
    """What to expect. Memory in bytes, windows in tokens; speeds in tokens/s, None where they are not known."""

    memory: int  # with the window `window`
    free: int
    window: int  # that fits; 0: the model does not run here
    wish: int
    mapped: bool  # larger than memory: runs from disk
    layers: int
    gpu_layers: int  # of `layers`
    speed: float | None = None  # in the middle of a thought
    prompt: float | None = None
    thought: float | None = None  # seconds for THOUGHT tokens

    @property
    def fits(self) -> bool:
        """Whether it runs from memory with the window that was wished for."""
        return not self.mapped and self.window >= self.wish

    def sentence(self, lang: Language = "en") -> str:
        """The forecast as a person reads it."""
        return self.wording().pick(lang)

    def wording(self) -> Both:
        """The forecast in both languages."""
        if not self.window:
            return _NEVER.format(memory=readable_size(self.memory), free=readable_size(self.free))
        numbers = {"memory": readable_size(self.memory), "window": tokens(self.window)}
        text = (_FROM_DISK if self.mapped else _FITS if self.fits else _SMALLER).format(**numbers)
        if self.gpu_layers > 0:
            text = _joined(text, (_ALL_ON_GPU if self.gpu_layers >= self.layers else _ON_GPU), self)
        if self.speed is None or self.thought is None:
            return text
        speed = f"{self.speed:.0f}" if self.speed >= 9.5 else f"{self.speed:.2g}"
        time = duration(self.thought)
        return Both(
            f"{text.en}, about {speed} tokens/s: a thought of {THOUGHT:,} tokens takes about {time.en}",
            f"{text.zh}，约 {speed} token/秒：{THOUGHT:,} 个 token 的思考约需{time.zh}",
        )


def forecast(
    header: Header,
    size: int,
    wish: int,
    resources: Resources,
    speeds: Speeds | None = None,
    gpu_layers: int | None = None,
) -> Forecast:
    """What to expect of a model of `size` bytes with a window of `wish` tokens.

    `gpu_layers` None: as many as fit, -1: all.
    """
    wish = min(wish, header.trained_context or wish)
    layers = header.layers + 1  # llama.cpp counts the output as one
    on_gpu = 0
    if resources.gpus:
        on_gpu = fitting_layers(header, size, wish, resources.gpus) if gpu_layers is None else gpu_layers
    needs = Needs.of(header, size, batch=BATCH, gpu_layers=on_gpu)
    on_gpu = layers if on_gpu < 0 else min(on_gpu, layers)
    try:
        fit = needs.fit(wish, resources.free)
    except ModelFileError:
        fit = Fit(0, mapped=True)
    estimate = Forecast(
        needs.bytes_for(fit.window or wish), resources.free, fit.window, wish, fit.mapped, layers, on_gpu
    )
    if speeds is None or not fit.window:
        return estimate
    share = on_gpu / layers if speeds.gpu else 0.0
    cpu = speeds.cpu if size >= LARGE_WEIGHTS else speeds.few
    begin, per_token = (
        (1 - share) * here + (share * there if speeds.gpu else 0.0)
        for here, there in zip(times(header, size, cpu), times(header, size, speeds.gpu or cpu), strict=True)
    )
    begin += _PER_ENTRY * header.vocabulary
    if fit.mapped:
        begin += _read(header, size) * _missing(needs, fit, resources.free) / speeds.disk
    thought = THOUGHT * (begin + per_token * THOUGHT / 2)
    rate = cpu.prompt * (1 - share) + (speeds.gpu.prompt * share if speeds.gpu else 0.0)
    return Forecast(
        estimate.memory,
        estimate.free,
        estimate.window,
        wish,
        fit.mapped,
        layers,
        on_gpu,
        speed=THOUGHT / thought,
        prompt=rate / max(1.0, active_parameters(header)),
        thought=thought,
    )


def active_parameters(header: Header) -> float:
    """Weights that one token uses."""
    weights = header.weights
    count = _parameters(weights.dense) + header.expert_share * _parameters(weights.experts)
    return count + (_parameters(weights.embedding) if header.ties_output else 0)


def times(header: Header, size: int, rates: Rates) -> tuple[float, float]:
    """Seconds to decode a token from memory, without sampling: at the beginning, and more for each token of context."""
    kinds = _kinds(header, size)
    weights = sum(count / rates.weights[kind] for kind, count in kinds.items())
    return weights + rates.layer * header.layers, header.kv_bytes_per_token / rates.attention


def _kinds(header: Header, size: int) -> dict[str, float]:
    """Bytes that one token reads, by the measured kind that they are most like; of a split model, of all its parts."""
    weights = header.weights
    bytes_by_kind: dict[str, float] = {}
    for part, share in (
        (weights.dense, 1.0),
        (weights.experts, header.expert_share),
        (weights.embedding, 1.0 if header.ties_output else 0.0),
    ):
        for kind, count in part.items():
            name = _LIKE.get(kind, "Q4_K")
            bytes_by_kind[name] = bytes_by_kind.get(name, 0.0) + share * count
    if not weights.size:  # the first part of a split model may hold no weights
        return {"Q4_K": float(size)}
    scale = max(1.0, size / weights.size)
    return {name: count * scale for name, count in bytes_by_kind.items()}


def _read(header: Header, size: int) -> float:
    """Bytes of weights that one token reads."""
    return sum(_kinds(header, size).values())


def _missing(needs: Needs, fit: Fit, free: int) -> float:
    """The part of the weights that memory does not hold beside the context."""
    room = free - (needs.bytes_for(fit.window) - needs.weights)
    return min(1.0, max(0.0, 1 - room / max(1, needs.weights)))


def _parameters(weights: Mapping[int, int]) -> float:
    return sum(count / BLOCKS[kind][1] * BLOCKS[kind][0] for kind, count in weights.items() if kind in BLOCKS)


def _joined(text: Both, more: Both, estimate: Forecast) -> Both:
    more = more.format(count=estimate.gpu_layers, all=estimate.layers)
    return Both(text.en + more.en, text.zh + more.zh)


def tokens(count: int) -> str:
    """A window for a person: 16k, 2,304."""
    return f"{count // 1024}k" if count >= 1024 and count % 1024 == 0 else f"{count:,}"


def duration(seconds: float) -> Both:
    """A time for a person, about."""
    if seconds < 90:
        count = max(1, round(seconds) if seconds < 20 else round(seconds / 10) * 10)
        return Both(f"{count} second{'' if count == 1 else 's'}", f" {count} 秒")
    if seconds < 90 * 60:
        count = round(seconds / 60)
        return Both(f"{count} minutes", f" {count} 分钟")
    if seconds < 36 * 3600:
        hours = round(seconds / 1800) / 2
        return Both(f"{hours:g} hours", f" {hours:g} 小时")
    return Both(f"{round(seconds / 86400)} days", f" {round(seconds / 86400)} 天")


_FITS = Both("fits ({memory} of memory with a window of {window})", "可运行（{window} 窗口约需 {memory} 内存）")
_SMALLER = Both(
    "fits with a window of {window} ({memory} of memory)", "窗口缩小到 {window} 时可运行（约需 {memory} 内存）"
)
_FROM_DISK = Both(
    "larger than the free memory ({memory} needed): runs from disk", "超过可用内存（需 {memory}）：将从磁盘运行"
)
_NEVER = Both(
    "does not run here: {memory} of memory are needed, {free} are free",
    "无法在本机运行：需要 {memory} 内存，可用 {free}",
)
_ON_GPU = Both(", {count} of {all} layers on the GPU", "，{all} 层中有 {count} 层在 GPU 上")
_ALL_ON_GPU = Both(", all on the GPU", "，全部在 GPU 上")
