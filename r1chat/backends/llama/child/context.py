"""What a model has read, and how the next token is picked: llama.cpp's contexts and samplers.

With `model`, all that touches the C functions. Positions and tokens are plain numbers here; what they mean as
text, and which prefix can be kept, is `session`'s business. One thread owns a context and its samplers.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from typing import Any

import llama_cpp.llama_cpp as C

from r1chat.backends.llama.child.model import Model
from r1chat.backends.llama.machine import STEP
from r1chat.both import Both
from r1chat.errors import GenerationError, ModelFileError
from r1chat.messages import Params

_PENALTY_WINDOW = 64  # tokens that a repeat penalty looks back

# Top-p sorts its candidates, and a vocabulary has 150,000. Those below this share of the likeliest one's probability
# are dropped before, which needs no sorting. All of them together have at most 0.15 % of the probability, so none of
# them can be among those that top-p keeps, as long as it leaves out more than that.
_HOPELESS, _MOST_TOP_P = 1e-8, 0.99


class Context:
    """The memory of one model for what it has read: `sequences` texts of up to `window` tokens each.

    `unified`: all texts lie in one memory, and every row of a batch looks at all of it. While texts are short, that
    takes fewer calls; when they get long, it takes as many times longer as there are texts.

    Raises ModelFileError where there is no room for it.
    """

    def __init__(
        self, model: Model, window: int, *, batch: int, threads: int, sequences: int = 1, unified: bool = True
    ) -> None:
        params = C.llama_context_default_params()
        params.n_ctx = sequences * -(-window // STEP) * STEP
        params.n_batch = params.n_ubatch = max(batch, sequences)
        params.n_threads = params.n_threads_batch = threads
        params.n_seq_max, params.kv_unified = sequences, unified
        if not model.gpu_layers:  # measured: decoding takes up to 2.5 times as long with it
            params.flash_attn_type = C.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self.handle = C.llama_init_from_model(model.handle, params)
        if not self.handle:
            raise ModelFileError(_NO_MEMORY.format(window=window))
        self._model = model
        self._memory = C.llama_get_memory(self.handle)
        self._batch = _Batch(max(batch, sequences))
        self._single = _Batch(1)

    def close(self) -> None:
        if self.handle:
            C.llama_free(self.handle)
            self._batch.close()
            self._single.close()
        self.handle = None

    def evaluate(self, tokens: Sequence[int], start: int) -> None:
        """Read at most `batch` tokens into sequence 0, from position `start`. Raises GenerationError."""
        batch, count = self._batch, len(tokens)
        batch.token[:count] = tokens
        batch.position[:count] = range(start, start + count)
        batch.set_sequences([0] * count)
        batch.wanted[:count] = bytes(count)
        self._decode(batch, count)

    def step(self, token: int, position: int) -> None:
        """Read one token into sequence 0; a sampler may then pick the next one. Raises GenerationError."""
        batch = self._single
        batch.token[0] = token
        batch.position[0] = position
        self._decode(batch, 1)

    def step_many(self, rows: Sequence[tuple[int, int, int]]) -> None:
        """Read a token into each of several sequences: `(sequence, token, position)`. Raises GenerationError."""
        batch, count = self._batch, len(rows)
        batch.set_sequences([row[0] for row in rows])
        batch.token[:count] = [row[1] for row in rows]
        batch.position[:count] = [row[2] for row in rows]
        batch.wanted[:count] = b"\1" * count
        self._decode(batch, count)

    def keep(self, count: int) -> int:
        """Forget all of sequence 0 but its first `count` tokens; how many were kept.

        Models whose memory is a running state, not a cache of tokens, cannot go back; they keep none.
        """
        if C.llama_memory_seq_rm(self._memory, 0, count, -1):
            return count
        self.clear()
        return 0

    def share(self, sequence: int) -> None:
        """Let another sequence begin with all that sequence 0 holds."""
        C.llama_memory_seq_cp(self._memory, 0, sequence, -1, -1)

    def drop(self, sequence: int) -> None:
        """Forget a sequence."""
        C.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def clear(self) -> None:
        """Forget everything."""
        C.llama_memory_clear(self._memory, False)

    def use_adapter(self, adapter: Any) -> None:
        """Compute with a LoRA adapter of `Model.adapter` from now on; None: without. Forgets everything.

        What was read was read by another model. Raises GenerationError.
        """
        self.clear()
        if adapter is None:
            status = C.llama_set_adapters_lora(self.handle, None, 0, None)
        else:
            handles, scales = (C.llama_adapter_lora_p_ctypes * 1)(adapter), (ctypes.c_float * 1)(1.0)
            status = C.llama_set_adapters_lora(self.handle, handles, 1, scales)
        if status:
            raise GenerationError(_NOT_DECODED.format(status=status))

    def logits(self) -> list[float]:
        """The logits of the last step, one for each token of the vocabulary."""
        return list(C.llama_get_logits_ith(self.handle, -1)[: self._model.size])

    def is_sound(self) -> bool:
        """Whether the last step gave numbers that tell tokens apart; damaged weights give NaN, or all the same."""
        logits = C.llama_get_logits_ith(self.handle, -1)
        first = logits[0]
        return not math.isnan(first) and any(logits[token] != first for token in range(1, self._model.size))

    def _decode(self, batch: _Batch, count: int) -> None:
        batch.struct.n_tokens = count
        status = C.llama_decode(self.handle, batch.struct)
        if status:
            raise GenerationError(_NOT_DECODED.format(status=status))


class _Batch:
    """Room for tokens on their way into a context. The arrays are views of llama.cpp's own."""

    def __init__(self, room: int) -> None:
        self.struct = C.llama_batch_init(room, 0, 1)
        self.token = _view(self.struct.token, ctypes.c_int32, room)
        self.position = _view(self.struct.pos, ctypes.c_int32, room)
        self.wanted = _view(self.struct.logits, ctypes.c_byte, room)
        for i in range(room):
            self.struct.n_seq_id[i] = 1
            self.struct.seq_id[i][0] = 0
            self.struct.logits[i] = 1
        self._sequences = [self.struct.seq_id[i] for i in range(room)]

    def set_sequences(self, sequences: Sequence[int]) -> None:
        """Say to which text each token belongs."""
        for pointer, sequence in zip(self._sequences, sequences, strict=False):
            pointer[0] = sequence

    def close(self) -> None:
        C.llama_batch_free(self.struct)


def _view(pointer: Any, kind: Any, count: int) -> Any:
    return ctypes.cast(pointer, ctypes.POINTER(kind * count)).contents


class Sampler:
    """Picks tokens: greedily at temperature 0, else by chance, the same for the same seed.

    `never` are tokens that are not to be picked.
    """

    def __init__(self, model: Model, params: Params, seed: int, never: Sequence[int] = ()) -> None:
        self.handle = C.llama_sampler_chain_init(C.llama_sampler_chain_default_params())
        add = self._add
        if never:
            bias = [C.llama_logit_bias(token=token, bias=-math.inf) for token in never]
            add(C.llama_sampler_init_logit_bias(model.size, len(bias), (C.llama_logit_bias * len(bias))(*bias)))
        self.penalises = params.repeat_penalty != 1.0 or params.presence_penalty != 0.0
        if self.penalises:
            add(
                C.llama_sampler_init_penalties(
                    model.size, _PENALTY_WINDOW, params.repeat_penalty, 0.0, params.presence_penalty
                )
            )
        if params.temperature <= 0:
            add(C.llama_sampler_init_greedy())
            return
        if params.top_k > 0:
            add(C.llama_sampler_init_top_k(params.top_k))
        if params.top_p < 1:
            if params.top_k <= 0 and params.top_p <= _MOST_TOP_P:
                add(C.llama_sampler_init_min_p(_HOPELESS, 1))
            add(C.llama_sampler_init_top_p(params.top_p, 1))
        if params.min_p > 0:
            add(C.llama_sampler_init_min_p(params.min_p, 1))
        add(C.llama_sampler_init_temp(params.temperature))
        add(C.llama_sampler_init_dist(seed))

    def _add(self, link: Any) -> None:
        C.llama_sampler_chain_add(self.handle, link)

    def accept(self, tokens: Sequence[int]) -> None:
        """Take tokens of the reply that were not picked here into account."""
        for token in tokens[-_PENALTY_WINDOW:] if self.penalises else ():
            C.llama_sampler_accept(self.handle, token)

    def pick(self, context: Context, row: int = -1) -> int:
        """The next token, from the last step's row."""
        return int(C.llama_sampler_sample(self.handle, context.handle, row))

    def close(self) -> None:
        if self.handle:
            C.llama_sampler_free(self.handle)
        self.handle = None


_NO_MEMORY = Both(
    "There is no memory for a window of {window} tokens. Choose a smaller context in the settings.",
    "内存不足以容纳 {window} 个 token 的上下文。请在设置中选择更小的上下文。",
)
_NOT_DECODED = Both(
    "llama.cpp could not go on (status {status}). Try again, or with a smaller context.",
    "llama.cpp 无法继续（状态 {status}）。请重试，或使用更小的上下文。",
)
