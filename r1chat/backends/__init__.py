"""The seam to whatever runs a model.

One module a wire: `llama` in child processes, `ollama`, `openai` for compatible servers, `scripted` for tests. Each
takes a `Request` and yields `BackendEvent`s; each translates foreign errors into `r1chat.errors` in one place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from r1chat.messages import BackendEvent, ModelInfo, Request

HEARTBEAT = 0.15  # seconds without text after which a backend yields a `Progress`; `Backend.stream` promises 0.2


class Backend(Protocol):
    """What the rest of r1chat knows of a model's runtime. Safe to call from any thread."""

    name: str

    def models(self) -> list[ModelInfo]:
        """What can be used now, best first. Raises UnreachableError where there is nobody to ask."""
        ...

    def stream(self, request: Request) -> Iterator[BackendEvent]:
        """Make a reply, or continue `request.so_far`, event by event; the last one is a `Finish`.

        Only new text is yielded, never `so_far` again. Where the model's format is known, or the prompt that was
        rendered opened the thought of a fresh reply, a `Began` says so before the first text. Something is yielded at
        least every 0.2 s (a `Progress` where there is no text), and closing the iterator stops the work within one
        token or one chunk of the prompt. A prompt that does not fit raises ContextError before anything is cut. A
        stream that ends without
        its last line yields `Finish("cut")`. Raises BackendError; text that was yielded before stays valid.
        """
        ...

    def warm(self, request: Request) -> None:
        """Evaluate the prompt of `request` so that a next turn starts at once; may do nothing.

        Gives way within one chunk to a `stream` on the same model. Never raises.
        """
        ...

    def close(self) -> None:
        """Free models and connections."""
        ...
