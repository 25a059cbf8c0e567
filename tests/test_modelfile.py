"""The Modelfile with which Ollama runs an adapter over its base."""

from __future__ import annotations

from pathlib import Path

import pytest
from micro import write_micro
from test_found_models import put_in_ollama

from r1chat.backends.chat_template import CHATML_TEMPLATE, R1_TEMPLATE
from r1chat.learn.modelfile import modelfile

OF_ITS_OWN = (
    "{% if messages[0].role != 'system' %}{{ '<|im_start|>system\nYou are small.<|im_end|>\n' }}{% endif %}"
    + CHATML_TEMPLATE
)

R1_IN_GO = (
    '{{ range .Messages }}{{ if eq .Role "user" }}<｜User｜>{{ .Content }}{{ else if eq .Role "assistant" }}'
    "<｜Assistant｜>{{ .Content }}<｜end▁of▁sentence｜>{{ else }}{{ .Content }}{{ end }}{{ end }}<｜Assistant｜>"
)


@pytest.mark.parametrize(
    ("template", "lines"),
    [
        (OF_ITS_OWN, 'SYSTEM """You are small."""\n'),
        (OF_ITS_OWN.replace("small", 'so """small"""'), ""),  # cannot be quoted
        ("You are always small. " + CHATML_TEMPLATE, ""),  # whatever system prompt there is
        (CHATML_TEMPLATE, ""),
        (R1_TEMPLATE, f'TEMPLATE """{R1_IN_GO}<think>\n"""\n'),  # which older versions of Ollama do not know
        ("{{ raise_exception('no') }}", ""),
        ("{% if %}", ""),
    ],
)
def test_a_file_brings_what_ollama_does_not_take_from_its_template(template: str, lines: str, tmp_path: Path) -> None:
    base = tmp_path / "a base.gguf"
    write_micro(base, template=template)
    assert modelfile(base, "child.gguf") == f"FROM {base}\nADAPTER ./child.gguf\n{lines}"


def test_a_model_of_ollama_goes_by_its_name_there(tmp_path: Path) -> None:
    base = tmp_path / "base.gguf"
    write_micro(base, template=OF_ITS_OWN)
    blob = put_in_ollama(base, tmp_path / "ollama", "registry.ollama.ai", "someone", "r1", "1.5b")
    assert modelfile(blob, "child.gguf") == "FROM someone/r1:1.5b\nADAPTER ./child.gguf\n"


def test_a_base_that_is_gone_is_named_all_the_same(tmp_path: Path) -> None:
    assert modelfile(tmp_path / "gone.gguf", "child.gguf") == f"FROM {tmp_path / 'gone.gguf'}\nADAPTER ./child.gguf\n"
