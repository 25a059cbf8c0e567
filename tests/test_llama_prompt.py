"""Prompts by a model's own Jinja template: what comes from whom, R1's thought, and templates that misbehave."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from r1chat.backends.chat_template import CHATML_TEMPLATE, R1_TEMPLATE, ChatTemplate, Piece, Prompt
from r1chat.backends.gguf import read_header
from r1chat.backends.prompt import ThoughtsInHistory, without_empty_thought
from r1chat.errors import ModelFileError, UnsupportedError
from r1chat.messages import Message, ReplySoFar
from r1chat.reasoning_format import R1_FORMAT

NANO = Path(__file__).parent.parent / "assets" / "r1chat-nano.gguf"
BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
HI = (Message("user", "Hi"),)
SECOND_TURN = (Message("user", "1 + 1?"), Message("assistant", "2", reasoning="Easy."), Message("user", "And 2 + 2?"))
# as R1's first distills shipped: the thought is left to the model
R1_LEAVES_IT = R1_TEMPLATE.replace("<think>\n", "") + "{# content.split('</think>') #}"
TRIMMING = CHATML_TEMPLATE.replace("m.content", "m.content | trim")


def nano() -> ChatTemplate:
    header = read_header(NANO)
    return ChatTemplate(header.chat_template, BOS, EOS, knows_think=True)


def text(pieces: tuple[Piece, ...]) -> str:
    return "".join(piece.text for piece in pieces)


def said(prompt: Prompt) -> list[str]:
    """What a person or model wrote, in order."""
    return [piece.text for piece in (*prompt.head, *prompt.tail) if not piece.markup]


def test_fresh_prompt_of_r1_opens_the_thought_and_drops_earlier_ones() -> None:
    prompt = nano().prompt([Message("user", "1 + 1?"), Message("assistant", "2"), Message("user", "And 2 + 2?")])
    assert text(prompt.head) == (
        f"{BOS}<｜User｜>1 + 1?<｜Assistant｜>2{EOS}<｜User｜>And 2 + 2?<｜Assistant｜><think>\n"
    )
    assert prompt.opens and prompt.tail == ()


def test_thoughts_that_the_history_keeps_stand_as_they_were_written() -> None:
    prompt = nano().prompt(SECOND_TURN)
    assert "<｜Assistant｜><think>\nEasy.\n</think>\n\n2<｜end▁of▁sentence｜>" in text(prompt.head)


def test_messages_are_told_from_the_template() -> None:
    assert said(nano().prompt([Message("user", "a<｜User｜>b"), Message("assistant", "c"), Message("user", "d")])) == [
        "a<｜User｜>b",
        "c",
        "d",
    ]


def test_messages_are_told_from_a_template_that_trims_them() -> None:
    assert said(ChatTemplate(TRIMMING).prompt([Message("user", "  a<|im_end|> \n")])) == ["a<|im_end|>"]


def test_template_that_rewrites_messages_is_rendered_as_one_text() -> None:
    prompt = ChatTemplate("{% for m in messages %}[{{ m.content | upper }}]{% endfor %}").prompt(HI)
    assert prompt.head == (Piece("[HI]", True),)


def test_answer_with_a_stray_tag_is_cut_as_the_template_wants() -> None:
    prompt = nano().prompt([Message("user", "1"), Message("assistant", "x</think>2"), Message("user", "3")])
    assert "<｜Assistant｜>2<｜end" in text(prompt.head)


def test_marks_in_a_message_do_no_harm() -> None:
    assert said(nano().prompt([Message("user", "\ue0000\ue001\ue0017\ue001")])) == ["\ue0000\ue001\ue0017\ue001"]


@pytest.mark.parametrize("before", ["\ue0007c\ue001", "\u20607c\u2060", "{{ messages[0].content[:1] }}7c\ue001"])
def test_marks_in_a_template_do_no_harm(before: str) -> None:
    head = ChatTemplate(before + CHATML_TEMPLATE).prompt([Message("user", "<|im_end|>")]).head
    assert head[0].markup and text(head).endswith("<|im_end|><|im_end|>\n<|im_start|>assistant\n")


def test_template_that_makes_a_mark_of_a_mark_it_reads_is_rendered_as_one_text() -> None:
    source = "{% set sign = messages[0].content[:1] %}{{ sign }}7c{{ sign }}" + CHATML_TEMPLATE
    head = ChatTemplate(source).prompt([Message("user", "hi")]).head
    assert [piece.markup for piece in head] == [True] and text(head).startswith("h7ch<|im_start|>user\nhi")


@pytest.mark.slow
@pytest.mark.parametrize("every", [False, True])
def test_marks_in_a_message_bring_no_other_message_into_it(every: bool) -> None:
    sign = "".join(map(chr, (*range(0x2060, 0xD800), *range(0xE000, 0x110000)))) if every else "\ue000"
    question = f"See \u20601\u2060 and {sign}"
    answered = Message("assistant", "\u20603\u2060", "the thought")
    messages = (Message("user", question), answered, Message("user", "and?"), replace(answered, content="4"))
    history = ThoughtsInHistory(messages, R1_FORMAT)
    prompt = "".join(f"<{message.role}>{message.content}" for message in history.messages)
    replies = ("<think>\nthe thought\n</think>\n\n\u20603\u2060", "<think>\nthe thought\n</think>\n\n4")
    assert history.filled(prompt) == f"<user>{question}<assistant>{replies[0]}<user>and?<assistant>{replies[1]}"


@pytest.mark.parametrize(
    ("so_far", "tail"),
    [
        (ReplySoFar(), ""),
        (ReplySoFar("Let me see"), "Let me see"),
        (ReplySoFar("Let me see."), "Let me see."),
        (ReplySoFar("Two.", closed=True), "Two.\n</think>\n\n"),
        (ReplySoFar("Two.", closed=True, answer="It is"), "Two.\n</think>\n\nIt is"),
        (ReplySoFar("Two.\n", closed=True), "Two.\n</think>\n\n"),
        (ReplySoFar("", closed=True), "\n</think>\n\n"),
        (ReplySoFar("", closed=False, answer="It is"), "\n</think>\n\nIt is"),
    ],
)
def test_reply_so_far_follows_the_opened_thought(so_far: ReplySoFar, tail: str) -> None:
    prompt = nano().prompt(HI, so_far)
    assert text(prompt.head).endswith("<｜Assistant｜><think>\n")
    assert text(prompt.tail) == tail
    assert prompt.opens == (tail == "")


def test_only_the_tags_of_a_reply_so_far_are_markup() -> None:
    prompt = nano().prompt(HI, ReplySoFar("<｜User｜>", closed=True, answer="2"))
    assert [piece for piece in prompt.tail if piece.markup] == [Piece("</think>", True)]


def test_r1_template_that_leaves_the_thought_to_the_model_is_made_to_think() -> None:
    prompt = ChatTemplate(R1_LEAVES_IT, BOS, EOS, knows_think=True).prompt(HI)
    assert prompt.opens and text(prompt.head).endswith("<｜Assistant｜><think>\n")


def test_model_without_the_token_is_not_made_to_think() -> None:
    prompt = ChatTemplate(R1_LEAVES_IT, BOS, EOS, knows_think=False).prompt(HI)
    assert not prompt.opens and text(prompt.head).endswith("<｜Assistant｜>")


def test_prompt_that_closes_the_thought_is_left_alone() -> None:
    closing = R1_LEAVES_IT.replace("<｜Assistant｜>{% endif %}", "<｜Assistant｜></think>{% endif %}")
    assert text(ChatTemplate(closing, BOS, EOS, knows_think=True).prompt(HI).head).endswith("<｜Assistant｜></think>")


def test_model_that_opens_its_thought_itself_is_continued_inside_it() -> None:
    source = CHATML_TEMPLATE + "{# <think> </think> #}"
    assert text(ChatTemplate(source, knows_think=True).prompt(HI, ReplySoFar("Hm")).tail) == "<think>\nHm"


def test_model_that_does_not_think_is_continued_without_tags() -> None:
    assert text(ChatTemplate(CHATML_TEMPLATE).prompt(HI, ReplySoFar("", True, "It is")).tail) == "It is"


def test_hybrid_model_is_asked_to_think() -> None:
    source = "{{ '<think>' if thinking }}{{ '<think>' if enable_thinking is defined and enable_thinking }}"
    assert text(ChatTemplate(source).prompt(HI).head) == "<think><think>"


def test_next_turn_is_known_up_to_the_persons_message() -> None:
    known = text(nano().before_next_message(SECOND_TURN[:2]).head)
    assert known.endswith(f"2{EOS}<｜User｜>")
    assert text(nano().prompt(SECOND_TURN).head).startswith(known)


def test_template_sees_what_transformers_would_give_it() -> None:
    source = (
        "{% for m in messages %}\n"
        "    {% if loop.index > 1 %}\n"
        "        {% break %}\n"
        "    {% endif %}\n"
        "{{ m | tojson }}\n"
        "{% endfor %}\n"
        "{% generation %}{{ tools is none }}{% endgeneration %} {{ strftime_now('%Y') }}"
    )
    rendered = text(ChatTemplate(source).prompt([Message("user", "数<'&\""), Message("user", "x")]).head)
    year = datetime.datetime.now().year
    assert rendered == '{"role": "user", "content": "数<\'&\\""}\n' + f"True {year}"


def test_template_that_refuses_the_conversation_is_quoted() -> None:
    source = "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    with pytest.raises(UnsupportedError, match=r"refuses .*System role not supported.*Remove the system prompt"):
        ChatTemplate(source).prompt([Message("system", "Be brief."), *HI])


def test_template_with_a_syntax_error_is_a_broken_file() -> None:
    with pytest.raises(ModelFileError, match=r"broken \(line 1"):
        ChatTemplate("{% for m in messages %}")


@pytest.mark.parametrize("source", ["{{ messages + 1 }}", "{{ messages[0].content.nothing() }}", "{{ 1 / 0 }}"])
def test_template_that_fails_gives_a_sentence(source: str) -> None:
    with pytest.raises((ModelFileError, UnsupportedError), match="template"):
        ChatTemplate(source).prompt(HI)


def test_template_cannot_leave_its_sandbox() -> None:
    with pytest.raises(UnsupportedError, match="unsafe"):
        ChatTemplate("{{ messages.__class__.__mro__[1].__subclasses__() }}").prompt(HI)


def test_template_cannot_change_the_messages() -> None:
    with pytest.raises(UnsupportedError, match="unsafe"):
        ChatTemplate("{% set _ = messages.append(1) %}").prompt(HI)


def test_empty_thought_at_the_end_of_a_prompt_is_taken_off_in_one_go() -> None:
    blanks = "x" + " " * 500_000  # a quadratic search would take minutes
    assert without_empty_thought(f"{blanks}y", R1_FORMAT) == f"{blanks}y"
    for empty in ("<think>\n\n</think>", "</think>"):
        assert without_empty_thought(f"{blanks}{empty}\n\n", R1_FORMAT) == "x"
