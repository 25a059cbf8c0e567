"""What a terminal shows of Markdown, formulas and long lines."""

import io
import re

import pytest

from r1chat.cli.drawing import draw
from r1chat.cli.formulas import Formulas
from r1chat.cli.screen import Screen
from r1chat.cli.wrapping import TerminalWriter
from r1chat.messages import Reply
from r1chat.ui.html.formula_text import to_text

ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[78])")


class Terminal(io.StringIO):
    """A stream that says that a person looks at it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def eighty_by_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"COLUMNS": "40", "LINES": "10", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)


def screen_of(output: str, columns: int = 40) -> list[str]:
    """The lines that a terminal shows after this output, by the few sequences that r1chat writes."""
    lines, row, column, saved = [""], 0, 0, (0, 0)
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[78]|[\s\S]", output):
        count = int(re.sub(r"\D", "", part) or 1) if part.startswith("\x1b[") else 0
        if part == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif part == "\r":
            column = 0
        elif part == "\x1b7":
            saved = row, column
        elif part == "\x1b8":
            row, column = saved
        elif part.endswith("A") and count:
            row -= count
        elif part.endswith("D") and count:
            column -= count
        elif part.endswith("J") and count:
            lines[row:] = [lines[row][:column]]
        elif part.endswith("K") and count:
            lines[row] = lines[row][:column]
        elif not part.startswith("\x1b"):
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + 1 :]
            column += 1
    assert all(len(line) <= columns for line in lines), lines
    return [line.rstrip() for line in lines]


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\frac{1}{2}", "1/2"),
        (r"\frac{-b\pm\sqrt{b^2-4ac}}{2a}", "(−b ± √(b² − 4ac))/2a"),
        (r"x^{2k} + y_{10}", "x^(2k) + y₁₀"),
        (r"\sum_{i=1}^{n} i", "∑ᵢ₌₁ⁿ i"),
        (r"\boxed{70}", "▌70▐"),
        (r"90^\circ \le \alpha", "90° ≤ α"),
        (r"2\sin x\cos y", "2 sin x cos y"),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "(1, 2; 3, 4)"),
        (r"\begin{aligned}x&=1\\y&=2\end{aligned}", "x = 1\ny = 2"),
        (r"\vec{v}\cdot\hat{x}", "v\u20d7 ⋅ x\u0302"),
        (r"1{,}000 \text{ km}", "1,000 km"),
        (r"\nonsense{", r"\nonsense{"),
    ],
)
def test_formulas_are_lines_of_unicode(latex: str, text: str) -> None:
    assert to_text(latex, True) == text


def test_markdown_is_drawn_with_its_formulas_and_without_its_signs() -> None:
    text = "So **bold** and $x^2$, for $5.\nNext line\n\n- one\n- `two`\n\n| a | b |\n|--|--|\n| 1 | $x_1$ |"
    plain = ESCAPE.sub("", draw(text, 40, True))
    assert plain.splitlines()[:2] == ["So bold and x², for $5.", "Next line"]
    assert "• one" in plain and "• two" in plain and "x₁" in plain
    assert "**" not in plain and "|" not in plain


def test_tags_of_the_page_are_drawn_without_their_signs() -> None:
    text = (
        "H<sub>2</sub>O[^1]<br>x<sup>2</sup>\n\n<details><summary>More</summary>\n\ninside\n\n</details>\n\n- [x] done"
    )
    lines = ESCAPE.sub("", draw(text, 40, True)).split("\n")
    assert [line.strip() for line in lines if line.strip()] == ["H₂O¹", "x²", "More", "inside", "• ☑ done"]


@pytest.mark.parametrize(
    "text", ["<details>x", "</summary>", "<sup>", "$$", "|a|\n|-|", "> " * 90 + "a", "```", "[^1]: "]
)
def test_odd_markdown_is_drawn_or_shown_as_it_is(text: str) -> None:
    assert isinstance(draw(text, 40, True), str)


def test_words_wrap_whole_whatever_the_pieces_they_come_in() -> None:
    text = "The quick brown fox jumps over the lazy dog, " * 3 + "\n\n    indented\n" + "a" * 90
    screens = []
    for size in (1, 3, 7, 1000):
        stream = io.StringIO()
        writer = TerminalWriter(stream, margin=2)
        for start in range(0, len(text), size):
            writer.write(text[start : start + size])
        screens.append(screen_of(stream.getvalue()))
    assert screens[0] == screens[1] == screens[2] == screens[3]
    assert screens[0][0] == "  The quick brown fox jumps over the"
    assert "      indented" in screens[0] and "".join(line.strip() for line in screens[0][-3:]) == "a" * 90


def test_chinese_wraps_between_characters_and_keeps_its_stops_off_the_beginning() -> None:
    writer = TerminalWriter(io.StringIO())
    writer.write("数" * 20 + "，" + "字" * 3)
    assert writer.layout.split("\n") == ["数" * 19, "数，字字字"]


def test_moments_are_marked_in_the_margin_of_the_line_in_which_they_begin() -> None:
    thought = "So the sum is 12, I think. That would be it. Wait, let me check that: 7 + 3 is 10, so it is 10. Good."
    err = Terminal()
    screen = Screen(io.StringIO(), err)
    for end in range(0, len(thought), 5):
        screen.show(Reply(reasoning=thought[:end]))
    screen.show(Reply(reasoning=thought, closed=True, finish="stop"))
    screen.end()
    lines = screen_of(err.getvalue())
    marked = [line for line in lines if line[:1].strip()]
    assert len(marked) == 1
    assert "Wait" in marked[0] and marked[0][0] in "✓↺"


@pytest.mark.parametrize("length", [1, 3, 7, 1000])
def test_formulas_of_a_thought_are_drawn_when_they_are_whole_and_code_and_prices_stay(length: int) -> None:
    thought = (
        r"So $\frac{6 + 10}{2}$ costs $5 or $10, not `$x^2$`. \[ \sqrt{2} \]"
        "\n\n```\na = '$x$'\n\nb = '$y$'\n```\n"
        r"Wait, \boxed{7} is \(x^2\) and $x + 1"
    )
    formulas = Formulas()
    pieces = [formulas.feed(thought[start : start + length]) for start in range(0, len(thought), length)]
    assert all("frac" not in piece and "boxed" not in piece for piece in pieces)
    output = "".join(pieces) + formulas.feed("", last=True)
    assert output == (
        "So (6 + 10)/2 costs $5 or $10, not `$x^2$`. √2\n\n```\na = '$x$'\n\nb = '$y$'\n```\nWait, ▌7▐ is x² and $x + 1"
    )
    assert formulas.place(thought.index("Wait")) == output.index("Wait")


def test_block_is_drawn_in_the_place_of_its_words_once_it_is_whole() -> None:
    answer = "First **this** here.\n\nThen $x^2$:\n\n- one\n- two\n\nAnd done."
    out = Terminal()
    screen = Screen(out, io.StringIO())
    for end in range(0, len(answer), 3):
        screen.show(Reply(closed=True, answer=answer[:end]))
    assert "Then x²:" in screen_of(out.getvalue())
    screen.show(Reply(closed=True, answer=answer, finish="stop"))
    screen.end()
    assert screen_of(out.getvalue()) == [
        "First this here.",
        "",
        "Then x²:",
        "",
        " • one",
        " • two",
        "",
        "And done.",
        "",
    ]


def test_block_that_is_taller_than_the_screen_stays_as_it_came() -> None:
    answer = "".join(f"- **{number}**\n" for number in range(30))
    out = Terminal()
    screen = Screen(out, io.StringIO())
    for end in range(0, len(answer), 4):
        screen.show(Reply(closed=True, answer=answer[:end]))
    screen.show(Reply(closed=True, answer=answer, finish="stop"))
    screen.end()
    assert screen_of(out.getvalue())[:30] == [f"- **{number}**" for number in range(30)]
