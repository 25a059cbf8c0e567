"""Chat templates of many makers: how each marks, switches and keeps thoughts, found by rendering alone."""

from __future__ import annotations

import json
import random
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from r1chat.backends.chat_template import R1_TEMPLATE, ChatTemplate, Prompt
from r1chat.backends.format_finder import assistant, find_any_format, find_format
from r1chat.backends.template_process import TEMPLATES, TemplateProcess
from r1chat.errors import ModelFileError
from r1chat.messages import Began, Finish, Message, Raw, ReplySoFar
from r1chat.reasoning_format import ReasoningFormat, Variables
from r1chat.think import collect

DATA = Path(__file__).parent / "data" / "formats"
# From llama.cpp's models/templates (MIT), see tests/data/formats/README.md
SOURCES: dict[str, str] = {path.stem: path.read_text(encoding="utf-8") for path in (DATA / "templates").glob("*.jinja")}
EXPECTED: dict[str, Any] = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))
ASK = Message("user", "What is 2 + 2?")


@cache
def trl_templates() -> dict[str, str]:
    spec = find_spec("trl")  # found, not imported: that takes seconds
    if spec is None or spec.origin is None:
        pytest.skip("TRL's templates are in its wheel")
    folder = Path(spec.origin).parent / "chat_templates"
    return {f"trl-{path.stem}": path.read_text(encoding="utf-8") for path in folder.glob("*.jinja")}


def reading(template: ChatTemplate, expected: dict[str, Any]) -> dict[str, Any]:
    """What r1chat makes of a template, in the form of `expected.json`; only what the expectation states is compared."""
    form = template.form
    assert form is not None
    off = None if form.off is None else text_of(template.prompt([ASK], thinking="off"))
    keeps = "never" if form.keep is None else "always" if form.keep == () else dict(form.keep)
    opened = not form.open_text or text_of(template.prompt([ASK])).rstrip().endswith(form.open)
    return (
        {
            "open": form.open if form.open_text else "",
            "close": form.close,
            "text": [form.open_text, form.close_text] if expected["text"] else None,
            "opens": form.opens_in_prompt and opened,
            "off": expected["off"] if off is not None and off.endswith(expected["off"] or "?") else off,
            "default": "on" if form.on_by_default else "off",
            "efforts": [*form.efforts],
            "keeps": "content" if keeps == "never" and expected["keeps"] == "content" else keeps,
        }
        | {
            name: value
            for name, value in (
                ("budget", bool(form.budget_variable)),
                ("system_part", form.system_part[: len(expected.get("system_part", ""))]),
            )
            if name in expected
        }
        | {name: expected[name] for name in ("answer_after_off",) if name in expected}
    )


def text_of(prompt: Prompt) -> str:
    return "".join(piece.text for piece in (*prompt.head, *prompt.tail))


def rendered(source: str, messages: list[dict[str, Any]], variables: Variables) -> str:
    names = {"bos_token": "<BOS>", "eos_token": "<EOS>", "tools": None, "add_generation_prompt": True}
    return TEMPLATES.render(source, [names | dict(variables) | {"messages": messages}])[0]


def plain(messages: list[Message]) -> list[dict[str, Any]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def templates() -> list[Any]:
    """The name of each template; those of which the same is expected as of an earlier one are slow: there are many."""
    known: list[Any] = []
    cases = []
    for name in sorted(EXPECTED):
        cases.append(pytest.param(name, marks=[pytest.mark.slow] if EXPECTED[name] in known else []))
        known.append(EXPECTED[name])
    return cases


# One test for each template: reading it, compiling it above all, is what takes the time.
@pytest.mark.parametrize("name", templates())
def test_a_template_is_read_steered_and_given_its_history_as_it_says(name: str) -> None:
    source = SOURCES.get(name) or trl_templates()[name]
    expected = EXPECTED[name]
    template = ChatTemplate(source, "<BOS>", "<EOS>")
    if expected is None or "refused" in expected:
        sentence = template.problem.sentence("en") if template.problem else ""
        assert template.form is None and (expected["refused"] in sentence if expected else not sentence)
        return
    assert reading(template, expected) == expected
    form = template.form
    assert form is not None
    if expected["off"] is not None:
        off_is_the_form_of_the_template_byte_for_byte(source, template, form, expected.get("answer_after_off", ""))
    if expected["keeps"] == "content":
        thoughts_stand_in_replies_in_the_tags_of_the_template(source, template, form)
    elif expected["keeps"] != "never":
        kept_thoughts_stand_as_the_template_writes_them(source, template, form)
    a_closed_thought_is_continued_in_the_tags_of_the_template(template, form)


def off_is_the_form_of_the_template_byte_for_byte(
    source: str, template: ChatTemplate, form: ReasoningFormat, answer_after_off: str
) -> None:
    assert form.off is not None
    messages = [Message("system", form.off_word), ASK] if form.off_word else [ASK]
    native = rendered(source, plain(messages), form.off)
    for prompt in (template.prompt([ASK], thinking="off"), template.prompt([ASK], ReplySoFar(closed=True))):
        assert text_of(prompt) == native
    answered = template.prompt([ASK], ReplySoFar(closed=True, answer="4"))
    assert text_of(answered) == f"{native}{answer_after_off}4"
    reply = collect([Began(form), Raw(f"{answer_after_off}It is 4."), Finish("stop")], ReplySoFar(closed=True))
    assert (reply.reasoning, reply.answer) == ("", "It is 4.")


def kept_thoughts_stand_as_the_template_writes_them(source: str, template: ChatTemplate, form: ReasoningFormat) -> None:
    assert form.keep is not None
    messages = [
        *(ASK, Message("assistant", "It is 4.", "Two and two."), Message("user", "And 3 + 3?")),
        *(
            Message("assistant", "**6**\n\nAnd `x`.", "Three\n\nand three, {{ so }} <b>six</b>."),
            Message("user", "Why?"),
        ),
    ]
    inputs = [
        assistant(message.content, message.reasoning, form.history_field) if message.role == "assistant" else as_given
        for message, as_given in zip(messages, plain(messages), strict=True)
    ]
    ours = template.prompt(messages)
    assert text_of(ours) == rendered(source, inputs, (*form.on, *form.keep))
    assert "Two and two." in text_of(ours) and "<b>six</b>" in text_of(ours)
    assert any(not piece.markup and "Two and two." in piece.text for piece in ours.head)


def thoughts_stand_in_replies_in_the_tags_of_the_template(
    source: str, template: ChatTemplate, form: ReasoningFormat
) -> None:
    messages = [ASK, Message("assistant", "It is 4.", "Two and two."), Message("user", "And 3 + 3?")]
    inputs = plain(messages)
    inputs[1]["content"] = f"{form.open_text}Two and two.{form.close_text}It is 4."
    assert text_of(template.prompt(messages)) == rendered(source, inputs, form.on)


def a_closed_thought_is_continued_in_the_tags_of_the_template(template: ChatTemplate, form: ReasoningFormat) -> None:
    text = text_of(template.prompt([ASK], ReplySoFar("Hm", True, "4")))
    assert text.endswith(f"Hm{form.close_text}4")
    assert text.count(form.open.strip()) - text.partition(ASK.content)[0].count(form.open.strip()) <= 1


def test_every_template_of_llama_cpp_and_trl_has_an_expectation() -> None:
    assert set(EXPECTED) == set(SOURCES) | set(trl_templates())


# --- templates that nobody has seen ----------------------------------------------------------------------------------

SHAPES = (
    *(
        ("<{a}>", "</{a}>"),
        ("[{A}]", "[/{A}]"),
        ("<|{a}_start|>", "<|{a}_end|>"),
        ("<|begin_of_{a}|>", "<|end_of_{a}|>"),
    ),
    *(("<{a}:{b}>", "</{a}:{b}>"), ("<|{a}|>", "<|/{a}|>"), ("<<{a}>>", "<</{a}>>"), ("<{A}_{B}>", "</{A}_{B}>")),
    *(("<|START_{A}|>", "<|END_{A}|>"), ("<|{a}.begin|>", "<|{a}.end|>"), ("<{a}_open>", "<{a}_close>")),
    *(("«{a}»", "«/{a}»"), ("◁{a}▷", "◁/{a}▷"), ("⟦{a}⟧", "⟦/{a}⟧"), ("⟪{a}⟫", "⟪/{a}⟫"), ("{{{a}}}", "{{/{a}}}")),
    *(
        ("[[{a}]]", "[[/{a}]]"),
        ("#{a}#", "#/{a}#"),
        ("@@{a}@@", "@@/{a}@@"),
        ("({a})", "(/{a})"),
        ("<%{a}%>", "<%/{a}%>"),
    ),
    *(("<|{a}|>", "<|{b}|>"), ("<{a}>", "<{b}>"), ("<|{a}>", "<{a}|>"), ("[{a}:{b}]", "[end:{a}:{b}]")),  # no mirror
)
OF_THE_TABLE = ("Apriel", "Kimi-K3", "muse-glimmer", "gpt-oss", "gemma-4")  # `known_formats.py` knows their tags
COMPOSED = ("tencent-Hy3", "MiniMax-M3")  # their tags stand nowhere in one piece


def renamed(name: str, chance: random.Random) -> tuple[str, dict[str, Any]]:
    """A template whose tags are invented ones, and what is expected of it."""
    expected, source = EXPECTED[name], SOURCES[name]
    words = ["".join(chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(3)) for _ in range(2)]
    names = {"a": words[0], "b": words[1], "A": words[0].upper(), "B": words[1].upper()}
    opener, closer = (shape.format(**names) for shape in chance.choice(SHAPES))
    if expected["close"] == "<|end|>":  # of Solar: it ends every turn
        closer = "<|end|>"

    def rename(text: str) -> str:
        return text.replace(expected["close"], closer).replace(expected["open"], opener)

    new = {"open": opener, "close": closer, "off": expected["off"] and rename(expected["off"])}
    return rename(source), expected | new | {"text": expected["text"] and [*map(rename, expected["text"])]}


@pytest.mark.slow
def test_invented_tags_are_understood_in_nine_of_ten_templates() -> None:
    names = [name for name in sorted(SOURCES) if EXPECTED[name] and EXPECTED[name].get("open")]
    names = [name for name in names if not any(known in name for known in (*OF_THE_TABLE, *COMPOSED))]
    chance = random.Random(1)
    missed = []
    for name in chance.sample(names, 20):
        source, expected = renamed(name, chance)
        template = ChatTemplate(source, "<BOS>", "<EOS>")
        if template.form is None or reading(template, expected) != expected:
            missed.append((name, expected["open"], expected["close"]))
    assert len(missed) <= 2, missed


# --- bad templates ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
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
    outcome = find_format(R1_TEMPLATE + "{{ range(99999) | random }}")
    assert outcome.form is None and outcome.problem is not None
    assert "something else each time" in outcome.problem.sentence("en") and "模板" in outcome.problem.sentence("zh")


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
    head = "".join(piece.text for piece in template.prompt([ASK], budget=512).head)
    assert "512" in head and head != "".join(piece.text for piece in template.prompt([ASK]).head)
    assert template.prompt([ASK], thinking="off", budget=512) == template.prompt([ASK], thinking="off")
    r1 = ChatTemplate(R1_TEMPLATE)
    assert r1.prompt([ASK], budget=512) == r1.prompt([ASK])


@pytest.mark.parametrize("name", ["trl-llava_next", "trl-smolvlm", "trl-idefics3"])
def test_a_template_that_reads_messages_in_parts_gets_them_so(name: str) -> None:
    template = ChatTemplate(trl_templates()[name], "<BOS>", "<EOS>")
    head = template.prompt([ASK, Message("assistant", "It is 4."), Message("user", "And 3 + 3?")]).head
    assert [piece.text for piece in head if not piece.markup] == [ASK.content, "It is 4.", "And 3 + 3?"]
