"""A growing text is cut where Markdown can be cut, and always at the same places."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1chat.ui.html.blocks import HARD, SOFT, BlockSplitter
from r1chat.ui.html.markdown import to_html

SENTENCE = "This is a sentence of some length. "


def blocks(text: str, trusting: bool = True) -> list[str]:
    """The blocks of a text that comes whole."""
    splitter = BlockSplitter(trusting)
    splitter.feed(text)
    return cut(text, splitter)


def cut(text: str, splitter: BlockSplitter) -> list[str]:
    ends = [*splitter.starts[1:], len(text)]
    pieces = zip(splitter.prefixes, splitter.starts, ends, strict=False)  # no block at all: one end too many
    return [prefix + text[start:end].rstrip() for prefix, start, end in pieces]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\ntwo\n\nthree", ["one\ntwo", "three"]),
        ("\n\n\none", ["one"]),
        ("", []),
        (" \n", []),
        ("- a\n\n- b\n\n  more of b\n\nafter", ["- a\n\n- b\n\n  more of b", "after"]),
        ("1. a\n\n2. b\n\nx", ["1. a\n\n2. b", "x"]),
        ("text:\n```py\na\n\n# b\n```\nafter", ["text:", "```py\na\n\n# b\n```", "after"]),
        ("```\na\n\nb", ["```\na\n\nb"]),
        ("````\n```\n\n```\n````\nx", ["````\n```\n\n```\n````", "x"]),
        ("~~~\n```\n\n~~~\nx", ["~~~\n```\n\n~~~", "x"]),
        ("- ```\n  a\n\n  b\n  ```\n\nx", ["- ```\n  a\n\n  b\n  ```", "x"]),
        ("```a``` is\n\ncode", ["```a``` is", "code"]),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n\nx", ["| a | b |\n|---|---|\n| 1 | 2 |", "x"]),
        ("\\[\nx\n- y\n\\]\n\nz", ["\\[\nx\n- y\n\\]", "z"]),
        ("a\n\n    indented goes on\n\nb", ["a\n\n    indented goes on", "b"]),
        ("第一。\n\n第二。", ["第一。", "第二。"]),
        ("one\r\n\r\ntwo", ["one", "two"]),
    ],
)
def test_text_is_cut_into_what_stands_alone(text: str, expected: list[str]) -> None:
    assert blocks(text) == expected


def test_feed_tells_the_first_block_that_may_have_changed() -> None:
    splitter = BlockSplitter()
    assert splitter.feed("one") == 0
    assert splitter.feed("one\n\ntwo\n\nthree") == 0
    assert splitter.feed("one\n\ntwo\n\nthree and more") == 2


@pytest.mark.parametrize("marker", ["-", "1", "12", "1."])
def test_a_line_that_may_become_an_item_waits_with_its_list(marker: str) -> None:
    splitter = BlockSplitter()
    text = f"- a\n\n{marker}"
    splitter.feed(text)
    assert cut(text, splitter) == [text]
    splitter.feed(f"{text} x" if not marker.isdigit() else f"{text}) x")
    assert len(splitter.starts) == 1
    other = BlockSplitter()
    other.feed(text)
    other.feed(f"{text}x")
    assert len(other.starts) == 2


# --- length ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trusting", [True, False])
@pytest.mark.parametrize("sentence", [SENTENCE, "这是一个不长的句子。", "word ", "x", "$5. ", "| a "])
def test_a_line_of_75_000_characters_is_cut(sentence: str, trusting: bool) -> None:
    text = (sentence * 75_000)[:75_000]
    pieces = blocks(text, trusting)
    assert all(len(piece) <= 2 * SOFT for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_long_line_is_cut_at_the_ends_of_its_sentences() -> None:
    assert all(piece.startswith("This") and piece.endswith(".") for piece in blocks(SENTENCE * 2_000))
    assert all(piece.endswith("。") for piece in blocks("这是一个不长的句子。" * 2_000))


@pytest.mark.parametrize("inside", [r"\(a. b. c. d\)", "`a. b. c. d`", "**a. b. c. d**", "$a. b. c. d$"])
def test_a_long_line_is_not_cut_inside_a_formula_code_or_strong_text(inside: str) -> None:
    first, second = blocks("x" * (SOFT - 15) + f" and then {inside}. " + SENTENCE * 20)
    assert inside in first
    assert second.startswith("This")


def test_many_lines_are_not_cut_inside_a_formula() -> None:
    formula = "\\[\nx\n= y\n\\]\n"
    pieces = blocks("7 + 3 = 10\n" * (SOFT // 11) + formula * 3 + "20 + 40 = 60\n" * 100)
    assert len(pieces) > 1
    assert all(piece.count("\\[") == piece.count("\\]") for piece in pieces)


@pytest.mark.parametrize(
    ("tail", "together"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 |\n", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("1. one\n2) two\n- three\n", "1. one"),
        ("```py\nx\n```\n", "```py\nx\n```"),
    ],
)
def test_line_that_has_only_begun_is_not_judged(tail: str, together: str) -> None:
    for size, first in itertools.product(range(SOFT - 24, SOFT + 6), ("", "- ")):
        head = f"{first}{'x' * size}\n"
        text = f"{head}{tail}end"
        growing = BlockSplitter()
        for end in range(len(head), len(text) + 1):
            growing.feed(text[:end])
        assert cut(text, growing) == blocks(text)
        assert any(together in block for block in blocks(text))


def test_many_lines_without_a_blank_one_are_cut_between_lines() -> None:
    pieces = blocks("7 + 3 = 10\n" * 5_000)
    assert len(pieces) > 10
    assert all(piece.startswith("7") and piece.endswith("10") and len(piece) <= SOFT + 20 for piece in pieces)


def test_a_long_list_is_cut_between_its_items() -> None:
    pieces = blocks("- an item\n  that goes on\n" * 1_000)
    assert len(pieces) > 4
    assert all(piece.startswith("- an") and piece.endswith("on") for piece in pieces)


def test_a_long_fence_goes_on_as_code_in_the_next_block() -> None:
    pieces = blocks("```python\n" + "x = 1\n" * 10_000 + "```\nafter")
    assert len(pieces) > 3
    assert all(piece.startswith("```python\nx = 1") for piece in pieces[:-1])
    assert pieces[-1] == "after"


def test_a_long_table_repeats_its_head() -> None:
    pieces = blocks("| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 4_000)
    assert len(pieces) > 1
    assert all(piece.startswith("| a | b |\n|---|---|\n| 1") for piece in pieces)


def test_a_fence_that_a_thought_forgot_does_not_swallow_the_rest() -> None:
    text = "```\n" + "line\n" * 5_000 + "\nplain *text*"
    assert blocks(text, trusting=False)[-1] == "plain *text*"
    assert blocks(text, trusting=True)[-1].startswith("```\n")


def test_the_late_end_of_a_forgotten_fence_opens_no_other() -> None:
    text = "```\n" + "line\n" * 5_000 + "```\n\nplain\n\ntext"
    assert blocks(text, trusting=False)[-2:] == ["plain", "text"]


@pytest.mark.slow
def test_no_block_grows_without_bound() -> None:
    for line in (
        "a word\n",
        "> a word\n",
        "- an item\n",
        "  a\n",
        "| a cell |\n",
        "$\n",
        "`\n",
        "    a = 1\n",
        "\\[\n",
    ):
        for head in ("", "- a\n", "```\n", "| a |\n|---|\n", "- ```\n"):
            for trusting in (True, False):
                longest = max(map(len, blocks(head + line * ((HARD + 2 * SOFT) // len(line)), trusting)))
                assert longest <= HARD + SOFT, (head, line)


# --- properties ------------------------------------------------------------------------------------------------------

MARKS = [
    *(
        "a",
        "word ",
        "中。",
        "中文",
        ". ",
        "! ",
        "\n",
        "\n\n",
        "  ",
        "    ",
        "\t",
        "> ",
        "- ",
        "1. ",
        "23) ",
        "* ",
        "\r\n",
    ),
    *("`", "```", "```py\n", "```\n", "~~~", "~~~~\n", "$", "$$", "\\[", "\\]\n", "`x` ", "# ", "---", "--", "-", "1"),
    *("|", "| a | b |\n", "|---|---|\n", "a | b\n", "x" * 90 + " ", SENTENCE, SENTENCE * 130, "line\n" * 900),
]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(MARKS), max_size=40).map("".join), st.data(), st.booleans())
def test_blocks_never_depend_on_how_the_text_came_in(text: str, data: st.DataObject, trusting: bool) -> None:
    whole = BlockSplitter(trusting)
    whole.feed(text)
    growing = BlockSplitter(trusting)
    for end in sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=30))):
        before = list(growing.starts)
        first = growing.feed(text[:end])
        assert growing.starts[: len(before)] == before  # nothing that was cut is cut again
        assert first == max(0, len(before) - 1)
    growing.feed(text)
    assert (growing.starts, growing.prefixes) == (whole.starts, whole.prefixes)


PASSAGES = [
    "plain text",
    "two\nlines",
    "# head\ntext",
    "- a\n\n- b\n  - c\n\n    d",
    "1. a\n\n   \\[\n   x\n   \\]\n2. b",
    "> quote\n>\n> more",
    "```python\nx\n\n# y\n```",
    "text\n```\na\n\nb\n```\nmore",
    "text\n| a | b |\n|---|---|\n| 1 | 2 |",
    "\\[\nx\n- y\n\\]",
    "$$\nx\n$$ and",
    "\\[\n\\frac{1",
    "    code\n\n    more",
    "- a\n  ```\n  x\n\n  y\n  ```\n- b",
    "~~~\n```\n\n~~~",
    "- ```\n  a\n\n  b\n  ```",
    "\\begin{aligned}\na\n\\end{aligned}",
    "**bold",
    "* * *",
    "1) x",
    "-",
    "text\n---",
]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(PASSAGES), max_size=8).map("\n\n".join))
def test_blocks_one_by_one_render_as_the_whole_text_does(text: str) -> None:
    apart = "".join(to_html(block) for block in blocks(text))
    assert "".join(apart.split()) == "".join(to_html(text).split())
