"""How long a run will take and how much memory it will need, before PyTorch is even loaded."""

from __future__ import annotations

from dataclasses import dataclass

from r1chat.backends.gguf import Header
from r1chat.both import Both
from r1chat.errors import TrainingError
from r1chat.learn.proof import PROMPTS, SAMPLES
from r1chat.sizes import readable_size

SPEED = 1.0e10  # parameters x tokens that one core trains in a second: measured with models of 2.5 and 135 million
PASSES = 1.35  # in training passes: one through the base for its likelihoods, and the looks at what is set apart
LOADING = 2.0e7  # parameters that are read and dequantised in a second
START = 15.0  # seconds: PyTorch, llama.cpp, the comparison of both
LIBRARIES = 700_000_000  # bytes of PyTorch and transformers without a model
TRANSFORMERS = 800_000_000  # bytes more where transformers computes the model: measured with 135 million parameters
SMALL = 2e7  # parameters below which a model is one of `r1chat train`, and computed by its own decoder
SAMPLING = 1.9e10  # parameters x tokens that one core samples in a second, 32 to 64 replies at a time
GREEDY = 0.5  # of that where held-out questions are answered: fewer replies at a time
LOGITS = 1024  # places whose logits are computed together, see `training.objectives`
SAMPLE = 150  # tokens of a sample, about
ANSWER = 100  # tokens of an answer of the proof
WRITING = 6.0e9  # parameters x tokens that one core writes in a second, one reply at a time
BATCHED = 0.5  # of that time for each further reply to the same prompt: measured 0.49 with 135 million, 0.16 with 1.5


@dataclass(frozen=True, slots=True)
class TrainingForecast:
    """Seconds and bytes, about. `answers`: seconds of them for the answers before and after.

    Bytes of programs, of weights, and of what is computed from them.
    """

    seconds: float
    answers: float
    programs: int
    weights: int
    work: int

    @property
    def memory(self) -> int:
        """Bytes of the computer's memory where the processor trains."""
        return self.programs + self.weights + self.work

    @property
    def on_gpu(self) -> int:
        """Bytes of a GPU's own memory where it trains."""
        return self.weights + self.work


@dataclass(frozen=True, slots=True)
class Sampling:
    """What reinforcement learning samples: `k` replies to each of `questions`, whose prompts have `prompt` tokens.

    `held` other questions are answered at each of `looks`. A reply has at most `limit` tokens; `rows` are written at
    once.
    """

    questions: int
    held: int
    prompt: float
    limit: int
    rows: int
    k: int = 8
    looks: int = 7


def forecast(
    header: Header,
    parameters: int,
    tokens: int,
    epochs: float,
    part: int,
    threads: int = 1,
    prompts: int = PROMPTS,
    known: int = 0,
    samples: int = SAMPLES,
    trials: int = 1,
    sampling: Sampling | None = None,
) -> TrainingForecast:
    """Of training on rows of `tokens` tokens in all, computed in parts of `part` tokens, in so many trials.

    The proof has answers to `prompts`, to `known` of them `samples` each. `sampling`: of reinforcement learning, whose
    rows have no tokens of their own.
    """
    speed = SPEED * max(1, threads)
    seconds = START + parameters / LOADING + parameters * tokens * epochs * PASSES * trials / speed
    cache = 0
    if sampling:
        length = min(SAMPLE, sampling.limit)
        replies = epochs * sampling.questions * sampling.k
        sampled_tokens = replies * length + sampling.held * sampling.looks * length / GREEDY
        seconds += parameters * sampled_tokens / (SAMPLING * max(1, threads))
        seconds += parameters * replies * (sampling.prompt + length) / speed
        cache = round(sampling.rows * (sampling.prompt + sampling.limit) * _cached(header))
    replies = 2 * (prompts + known * (samples - 1) * BATCHED)
    answers = parameters * replies * ANSWER / (WRITING * max(1, threads))
    width, layers = header.count(".embedding_length"), header.layers
    hidden = header.count(".feed_forward_length", 4 * width)
    activations = part * layers * (18 * width + 5 * hidden) * 4  # measured with rows of 1,000 and 2,000 tokens
    logits = (
        min(part, 2 * LOGITS) * header.vocabulary * 4 * 2
    )  # of completions, about half of the tokens; two of a kind
    work = max(activations + logits, cache)  # samples are written before they are trained on
    libraries = LIBRARIES if parameters < SMALL else LIBRARIES + TRANSFORMERS
    return TrainingForecast(seconds + answers, answers, libraries, 2 * 4 * parameters, work)


def _cached(header: Header) -> int:
    """Bytes of keys and values of one token."""
    heads = header.count(".attention.head_count") or 1
    head = header.count(".attention.key_length") or header.count(".embedding_length") // heads
    return header.layers * 2 * header.count(".attention.head_count_kv", heads) * head * 4


def needed_memory(name: str, expected: TrainingForecast, free: int, gpu: tuple[Both, int] | None = None) -> int:
    """The bytes that training a model takes where it is computed. Raises TrainingError where they are not free.

    `free`: bytes of the computer's memory. `gpu`: the name and free bytes of a GPU with memory of its own that trains;
    the weights pass through the computer's memory then.
    """
    places = [(_MEMORY, expected.memory, free)]
    if gpu:
        of_gpu = _MEMORY_OF.format(device=gpu[0])
        places = [(_MEMORY, expected.programs + expected.weights, free), (of_gpu, expected.on_gpu, gpu[1])]
    for place, needed, left in places:
        if needed > left:
            sizes = {"needed": readable_size(needed), "free": readable_size(left)}
            raise TrainingError(_TOO_LARGE.format(name=name, place=place, **sizes))
    return places[-1][1]


_MEMORY, _MEMORY_OF = Both("memory", "内存"), Both("memory of {device}", "{device} 的内存")
_TOO_LARGE = Both(
    "Training {name} needs about {needed} of {place}, and {free} are free. Close other programs, or train a smaller "
    "model.",
    "训练 {name} 约需 {needed} {place}，目前可用 {free}。请关闭其他程序，或训练更小的模型。",
)
