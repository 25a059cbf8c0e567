"""What an engine process can be asked: to load its model, to make replies with it, and what this llama.cpp can do."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r1chat.backends.chat_template import CHATML_TEMPLATE, R1_ASSISTANT, R1_TEMPLATE, ChatTemplate
from r1chat.backends.llama.channel import Channel, Loaded, LoadSpec, MeasureSpec, pack_error, pack_event, unpack_request
from r1chat.backends.llama.child.measure import measure
from r1chat.backends.llama.child.model import (
    LoadStoppedError,
    Model,
    devices,
    knows_architecture,
    log_to_stderr,
)
from r1chat.backends.llama.child.session import Session
from r1chat.backends.llama.child.writer import StoppedError
from r1chat.backends.llama.machine import default_threads
from r1chat.backends.prompt import OPEN
from r1chat.both import Both
from r1chat.errors import BackendError, GenerationError, ModelFileError
from r1chat.messages import BackendEvent, Progress

if TYPE_CHECKING:
    from r1chat.backends.llama.child.main import Stops

READING = 90  # percent of loading that is reading files; the rest is llama.cpp's own
_BLOCK = 8 << 20  # bytes that are read between two looks at whether to stop


class _Listener:
    """A `writer.Listener` that sends what it is told to the page's process."""

    def __init__(self, channel: Channel, number: int, stops: Stops) -> None:
        self._channel = channel
        self._number = number
        self._stops = stops

    @property
    def stopped(self) -> bool:
        return self._stops.last >= self._number

    def tell(self, event: BackendEvent, sample: int = 0) -> None:
        self._channel.send(*pack_event(event, sample))


class Tasks:
    """One model, and the tasks that need it. With `verbose`, all that llama.cpp logs goes to standard error."""

    def __init__(self, channel: Channel, stops: Stops, verbose: bool = False) -> None:
        log_to_stderr(verbose)
        self._channel = channel
        self._stops = stops
        self._session: Session | None = None

    def serve(self, message: Sequence[Any]) -> None:
        """Do one task and report how it ended."""
        kind, number, *values = message
        listener = _Listener(self._channel, number, self._stops)
        try:
            result = self._do(kind, values, listener)
        except StoppedError:
            self._channel.send("stopped")
        except BackendError as error:
            self._channel.send(*pack_error(error))
        except Exception:  # a defect of ours: the page's process must not wait for ever
            traceback.print_exc()
            self._channel.send(*pack_error(GenerationError(_DEFECT)))
        else:
            self._channel.send("done", result)

    def _do(self, kind: str, values: Sequence[Any], listener: _Listener) -> Any:
        if kind == "knows":
            return knows_architecture(values[0])
        if kind == "devices":
            return [asdict(device) for device in devices()]
        if kind == "load":
            return asdict(self._load(LoadSpec(**values[0]), listener))
        if kind == "measure":
            return asdict(measure(MeasureSpec(**values[0])))
        session = self._session
        assert session is not None, "a model is loaded first"
        request = unpack_request(values[0])
        session.use_adapter(values[1])
        if kind == "reply":
            return asdict(session.reply(request, listener))
        if kind == "many":
            session.many(request, values[2], values[3], listener)
        elif kind == "warm":
            session.warm(request, listener)
        return None

    def _load(self, spec: LoadSpec, listener: _Listener) -> Loaded:
        last_percent = -1

        def progress(percent: float) -> bool:
            nonlocal last_percent
            if int(percent) > last_percent:
                last_percent = int(percent)
                listener.tell(Progress("loading", last_percent, 100))
            return not listener.stopped

        reading = 0 if spec.mapped else READING
        if reading:
            _read_files(spec.paths, lambda share: progress(reading * share))
        try:
            model = Model(
                Path(spec.paths[0]),
                gpu_layers=spec.gpu_layers,
                mapped=spec.mapped,
                on_progress=lambda share: progress(reading + (100 - reading) * share),
            )
        except LoadStoppedError:
            raise StoppedError from None
        try:
            self._session = Session(
                model,
                _template(spec, model),
                spec.window,
                batch=spec.batch,
                threads=spec.threads or default_threads(model.weights),
                token_bytes=spec.token_bytes,
                never=model.ends() if spec.endless else (),
            )
        except BackendError:
            model.close()
            raise
        return Loaded(spec.window, model.layers, model.gpu_layers)


def _read_files(paths: Sequence[str], progress: Callable[[float], bool]) -> None:
    """Read a model's files once, into the system's cache. Raises StoppedError, ModelFileError.

    llama.cpp maps a file in one step, which for a large one on a slow disk takes minutes, and which nobody can watch or
    stop. After this it takes no time.
    """
    buffer, done = bytearray(_BLOCK), 0
    try:
        size = sum(os.stat(path).st_size for path in paths)
        for path in paths:
            with open(path, "rb", buffering=0) as stream:
                while count := stream.readinto(buffer):
                    done += count
                    if not progress(done / max(done, size)):
                        raise StoppedError
    except OSError as error:
        unreadable = _UNREADABLE.format(name=os.path.basename(paths[0]), reason=error.strerror)
        raise ModelFileError(unreadable) from error


def _template(spec: LoadSpec, model: Model) -> ChatTemplate:
    """The file's own chat template, else one that its vocabulary suggests."""
    source = spec.template or (R1_TEMPLATE if model.is_token(R1_ASSISTANT) else CHATML_TEMPLATE)
    return ChatTemplate(source, spec.bos, spec.eos, knows_think=model.is_token(OPEN))


_UNREADABLE = Both("{name} cannot be read ({reason}). Check the disk.", "无法读取 {name}（{reason}）。请检查磁盘。")
_DEFECT = Both(
    "r1chat itself failed while it ran the model. Try again, or see the log.",
    "r1chat 在运行模型时出错。请重试，或查看日志。",
)
