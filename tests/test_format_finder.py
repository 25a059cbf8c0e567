"""Chat templates of many makers: how each marks, switches and keeps thoughts, found by rendering alone."""

from __future__ import annotations

import json
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from r1chat.backends.chat_template import R1_TEMPLATE, ChatTemplate
from r1chat.backends.format_finder import assistant, find_any_format, find_format
from r1chat.backends.template_process import TEMPLATES, TemplateProcess
from r1chat.errors import ModelFileError
from r1chat.messages import Message, ReplySoFar

DATA = Path(__file__).parent / "data" / "formats"
# From llama.cpp's models/templates (MIT), see tests/data/formats/README.md
SOURCES: dict[str, str] = {path.stem: path.read_text(encoding="utf-8") for path in (DATA / "templates").glob("*.jinja")}
EXPECTED: dict[str, Any] = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))
ASK = Message("user", "What is 2 + 2?")


def trl_templates() -> dict[str, str]:
    spec = find_spec("trl")  # found, not imported: that takes seconds
    if spec is None or spec.origin is None:
        pytest.skip("TRL's templates are in its wheel")
    folder = Path(spec.origin).parent / "chat_templates"
    return {f"trl-{path.stem}": path.read_text(encoding="utf-8") for path in folder.glob("*.jinja")}


def summary(source: str) -> list[Any] | None:
    """What the expectations say of a template: its texts, switches, efforts and history."""
    form = find_format(source, "<BOS>", "<EOS>").form
    if form is None:
        return None
    keep = None if form.keep is None else dict(form.keep)
    off = None if form.off is None else dict(form.off)
    return [form.open_text, form.close_text, form.opens_in_prompt, dict(form.on), off, list(form.efforts), keep]


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_template_is_understood_as_it_reads(name: str) -> None:
    assert summary(SOURCES[name]) == EXPECTED[name]


def test_templates_of_trl_are_understood_as_they_read() -> None:
    sources = trl_templates()
    expected = {name: value for name, value in EXPECTED.items() if name in sources}
    assert len(expected) > 10
    assert {name: summary(sources[name]) for name in expected} == expected


def keepers() -> list[str]:
    return [name for name in sorted(SOURCES) if EXPECTED.get(name) and EXPECTED[name][6] is not None]


@pytest.mark.parametrize("name", keepers())
def test_kept_thoughts_stand_in_the_prompt_as_the_template_writes_them(name: str) -> None:
    source = SOURCES[name]
    template = ChatTemplate(source, "<BOS>", "<EOS>")
    form = template.form
    assert form is not None and form.keep is not None
    messages = [ASK, Message("assistant", "It is 4.", "Two and two."), Message("user", "And 3 + 3?")]
    ours = "".join(piece.text for piece in template.prompt(messages).head)
    given = [
        assistant(message.content, message.reasoning, form.history_field)
        if message.role == "assistant"
        else {"role": message.role, "content": message.content}
        for message in messages
    ]
    names = {"bos_token": "<BOS>", "eos_token": "<EOS>", "tools": None, "add_generation_prompt": True}
    native = TEMPLATES.render(source, [names | dict(form.on) | dict(form.keep) | {"messages": given}])[0]
    assert ours == native
    assert "Two and two." in ours
    assert any(not piece.markup and "Two and two." in piece.text for piece in template.prompt(messages).head)


@pytest.mark.parametrize(
    "name", [name for name in sorted(SOURCES) if EXPECTED.get(name) and EXPECTED[name][4] is not None]
)
def test_off_is_the_form_of_the_template_byte_for_byte(name: str) -> None:
    template = ChatTemplate(SOURCES[name], "<BOS>", "<EOS>")
    form = template.form
    assert form is not None and form.off is not None
    names = {"bos_token": "<BOS>", "eos_token": "<EOS>", "tools": None, "add_generation_prompt": True}
    messages = [{"role": "user", "content": ASK.content}]
    native = TEMPLATES.render(SOURCES[name], [names | dict(form.off) | {"messages": messages}])[0]
    for prompt in (template.prompt([ASK], thinking="off"), template.prompt([ASK], ReplySoFar(closed=True))):
        assert "".join(piece.text for piece in (*prompt.head, *prompt.tail)) == native


@pytest.mark.parametrize("name", [name for name in sorted(SOURCES) if EXPECTED.get(name)])
def test_a_closed_thought_is_continued_in_the_tags_of_the_template(name: str) -> None:
    template = ChatTemplate(SOURCES[name], "<BOS>", "<EOS>")
    form = template.form
    assert form is not None
    prompt = template.prompt([ASK], ReplySoFar("Hm", True, "4"))
    text = "".join(piece.text for piece in (*prompt.head, *prompt.tail))
    assert text.endswith(f"Hm{form.close_text}4")
    assert text.count(form.open.strip()) - text.partition(ASK.content)[0].count(form.open.strip()) <= 1


# --- templates that nobody has seen ----------------------------------------------------------------------------------

RENAMED = {
    "Qwen-Qwen3-0.6B": ("<think>", "</think>"),
    "GLM-4.7-Flash": ("<think>", "</think>"),
    "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": ("<think>", "</think>"),
    "deepseek-ai-DeepSeek-R1-Distill-Llama-8B": ("<think>", "</think>"),
    "deepseek-ai-DeepSeek-V4": ("<think>", "</think>"),
    "MiniMax-M3": ("mm:think>", "mm:think>"),
    "ByteDance-Seed-OSS": ("<seed:think>", "</seed:think>"),
    "upstage-Solar-Open-100B": ("<|think|>", ""),
    "inclusionai-ling-3.0-flash": ("<think>", "</think>"),
    "Cohere2MoE": ("<|START_THINKING|>", "<|END_THINKING|>"),
}
INVENTED = (
    ("<ponder>", "</ponder>"),
    ("[MUSE]", "[/MUSE]"),
    ("<|reflect_begin|>", "<|reflect_end|>"),
    ("«denke»", "«/denke»"),
)


def test_invented_tags_are_understood_in_nine_of_ten_templates() -> None:
    missed = []
    for name, (opener, closer) in RENAMED.items():
        for new_open, new_close in INVENTED:
            source = SOURCES[name]
            if name == "MiniMax-M3":
                source = source.replace("'mm:think>'", "'X'")
                opener, closer = "<mm:think>", "</mm:think>"
            renamed = source.replace(closer, new_close) if closer else source
            renamed = renamed.replace(opener, new_open)
            if renamed == SOURCES[name]:
                continue
            form = find_format(renamed, "<BOS>", "<EOS>").form
            expected_close = new_close if closer else "<|end|>"
            if form is None or (form.open, form.close) != (new_open, expected_close):
                missed.append((name, new_open, form and (form.open, form.close)))
    assert len(missed) <= len(RENAMED) * len(INVENTED) // 10, missed


# --- bad templates ---------------------------------------------------------------------------------------------------


def test_a_template_that_loops_for_ever_ends_in_a_sentence() -> None:
    loop = "{% for a in range(99999) %}"
    loops = 3 * loop + 3 * "{% endfor %}"
    process, began = TemplateProcess(limit=0.5), time.monotonic()
    for _ in range(3):  # the second time it is not even tried
        with pytest.raises(ModelFileError, match="does not end"):
            process.render(loops, [{"messages": []}])
    assert process.render("{{ 1 + 1 }}", [{}]) == ["2"]
    assert time.monotonic() - began < 60
    process.close()


def test_a_template_that_asks_for_gigabytes_ends_in_a_sentence() -> None:
    process = TemplateProcess(limit=5)
    with pytest.raises(ModelFileError, match="too much memory"):
        process.render("{{ 'x' * 8000000000 }}", [{"messages": []}])
    assert process.render("{{ 1 + 1 }}", [{}]) == ["2"]
    process.close()


def test_a_template_that_varies_cannot_be_steered_and_says_so() -> None:
    found = find_format(R1_TEMPLATE + "{{ range(99999) | random }}")
    assert found.form is None and found.problem is not None
    assert "something else each time" in found.problem.sentence("en") and "模板" in found.problem.sentence("zh")


def test_a_date_in_a_template_does_no_harm() -> None:
    template = ChatTemplate("{{ strftime_now('%H:%M:%S.%f') }}" + R1_TEMPLATE)
    assert template.form is not None and template.form.opens_in_prompt
    assert any(not piece.markup for piece in template.prompt([ASK]).head)


def test_a_template_that_is_no_jinja_is_refused() -> None:
    assert find_format("{% for m in %}").problem is not None
    with pytest.raises(ModelFileError, match="line 1"):
        ChatTemplate("{% for m in %}")


def test_go_templates_of_ollama_are_read() -> None:
    go = "{{ range .Messages }}{{ if .Thinking }}<muse>\n{{ .Thinking }}\n</muse>\n\n{{ end }}{{ .Content }}{{ end }}"
    form = find_any_format(go).form
    assert form is not None
    assert (form.open_text, form.close_text) == ("<muse>\n", "\n</muse>\n\n")


def test_a_budget_is_told_to_a_template_that_has_a_place_for_it() -> None:
    template = ChatTemplate(SOURCES["ByteDance-Seed-OSS"], "<BOS>", "<EOS>")
    assert template.form is not None and template.form.budget_variable == "thinking_budget"
    told = "".join(piece.text for piece in template.prompt([ASK], budget=512).head)
    assert "512" in told and told != "".join(piece.text for piece in template.prompt([ASK]).head)
    assert template.prompt([ASK], thinking="off", budget=512) == template.prompt([ASK], thinking="off")
    r1 = ChatTemplate(R1_TEMPLATE)
    assert r1.prompt([ASK], budget=512) == r1.prompt([ASK])
