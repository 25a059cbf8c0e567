"""A backend whose words are known: for tests, benchmarks and screenshots. It is a real implementation, not a mock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from r1chat.both import Both
from r1chat.errors import UnknownModelError
from r1chat.messages import BackendEvent, Began, Finish, ModelInfo, Progress, Raw, Request
from r1chat.reasoning_format import ReasoningFormat

Script = Iterable[BackendEvent | str | BaseException]

_NO_MODEL = Both(
    "The scripted backend has no model {model!r}; it has {names}.", "脚本后端没有模型 {model!r}；现有：{names}。"
)


@dataclass
class ScriptedBackend:
    """Plays `script(request)`: a string is a `Raw`, an exception is raised, a `Finish("stop")` is added at the end.

    `rate` is tokens per second (0: as fast as they are taken). `requests` records what was asked for. `formats`: how
    models mark their thought, by name.
    """

    script: Callable[[Request], Script]
    name: str = "scripted"
    model_names: tuple[str, ...] = ("scripted",)
    rate: float = 0.0
    context: int = 16384
    continues: bool = True
    formats: Mapping[str, ReasoningFormat] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    warmed: list[Request] = field(default_factory=list)

    def models(self) -> list[ModelInfo]:
        return [
            ModelInfo(
                self.name,
                name,
                title=name,
                context=self.context,
                continues=self.continues,
                loaded=True,
                reasoning=self.formats.get(name),
            )
            for name in self.model_names
        ]

    def stream(self, request: Request) -> Iterator[BackendEvent]:
        if request.model not in self.model_names:
            raise UnknownModelError(_NO_MODEL.format(model=request.model, names=self.model_names))
        self.requests.append(request)
        due = time.monotonic()
        for item in self.script(request):
            if isinstance(item, BaseException):
                raise item
            event = Raw(item) if isinstance(item, str) else item
            if self.rate and not isinstance(event, Began | Finish | Progress):
                due += event.tokens / self.rate
                while (left := due - time.monotonic()) > 0:
                    time.sleep(min(left, 0.1))
                    if left > 0.1:
                        yield Progress("waiting")
            yield event
            if isinstance(event, Finish):
                return
        yield Finish("stop", "stop", context=self.context)

    def warm(self, request: Request) -> None:
        self.warmed.append(request)

    def close(self) -> None:
        pass
