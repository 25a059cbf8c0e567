"""What a person expects of texts as models write them: `data/render/` has one file for each kind.

An expectation is a piece of the HTML (tags and all) or, where it has no tag, of the text that stands on the page.
"""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from site_driver import Browser

from r1chat.ui.html.blocks import BlockSplitter
from r1chat.ui.html.markdown import to_html

FOLDER = Path(__file__).parent / "data" / "render"
UI = Path(__file__).parents[1] / "r1chat" / "ui"
SOURCE = "math-source"  # the class of a formula that is shown as its source

EXPECTED: dict[str, tuple[list[str], list[str]]] = {  # what is there, what is not
    "01-boxed-in-prose": (['<menclose notation="box">', "and nothing else."], ["\\boxed", SOURCE]),
    "02-bracket-block-in-list": (["<ol>", "2x+3=11", "and divide:", "Check"], ["\\[", "\\]", SOURCE]),
    "03-bracket-block-unindented-in-list": (["2x+3=11", "2x=8", "So the answer is"], ["\\[", "$$", SOURCE]),
    "04-currency-and-math": (["costs $12 and a drink costs $3", "15n", "$1.50-$2.00", "$PATH or $HOME"], [SOURCE]),
    "05-display-dollars-inline": (['<math display="block">', "which is what we wanted"], ["$$", SOURCE]),
    "06-table-with-math-pipes": (["f(x)=|x|", "P(A|B)", "‖v‖", "<code>a || b</code>", "Bayes"], ["$", SOURCE]),
    "08-fences-tildes-four-backticks": (["# Title\n```js", "Then text goes on."], ["~~~", "````"]),
    "09-nested-fence-same-length": (["```bash\npip install tool\n```", "<p>That is the whole file.</p>"], ["<h2>"]),
    "10-fence-in-list-and-numbering": (["mkdir demo", "Run it:", '<ol start="4">'], ["```"]),
    "11-unclosed-fence": (["# $r$ is the radius, *not* the diameter"], ["```", "<em>", "<math"]),
    "12-mermaid-svg": (["mermaid", "graph TD", "<svg width"], []),
    "13-rtl": (['<p dir="auto">', '<li dir="auto">', "6×7=42", "This paragraph is English again."], []),
    "15-tilde-approx": (["(~2000 lines)", "20~30 °C", "<s>really struck</s>", "喵~这是~测试"], ["<s>2000"]),
    "16-footnotes-tasks-deflist": (
        ["☑ Done item", "☐ Open item", "claim<sup>1</sup>", "The first note.", 'href="https://example.org/a_b_c"'],
        ["[^1]", "[x]"],
    ),
    "17-headings-nolevel": (["<h3>Step 1: no space</h3>", "<h1>Setext heading</h1>", "<h4>4) ok</h4>"], ["###", "==="]),
    "18-long-lines": (["<wbr>", 'class="long"', "goes on."], [SOURCE]),
    "19-math-commands": (["2H2+O2→2H2O", "km", "|x|", "ℝ", "{x}"], ["\\ce", "\\SI", "\\abs", "\\label"]),
    "21-plain-brackets": (["ab=2", '<menclose notation="box">', "[text](not a url)"], ["\\frac", "\\("]),
    "22-emoji-symbols": (["✅", "👨‍👩‍👧", "① ② ③".replace(" ", ""), "x²", "<blockquote>"], []),
    "24-blockquote-math": (["<blockquote>", "∑", "<strong>Note</strong>"], ["\\[", "[!NOTE]"]),
    "25-code-inline-specials": (["<code>$HOME</code>", "2*3*4=24", "snake_case_name", "**kwargs, *args", "A < B"], []),
    "26-think-tags-quoted": (["<code>&lt;think&gt;</code>", "In text: <think> opens", "<answer>42</answer>"], []),
    "28-indented-output": (["line one\n    indented", "$x$ stays", "Roses are red", "<hr>"], ["\\\nend"]),
    "30-tagged-equations": (["(1)", "if n>0", "面积=", "(final)"], ["\\tag", "\\begin{cases}"]),
    "32-star-bullets-bold": (["<strong>Speed</strong>: 60 km/h", "<strong>Bold without space:</strong>text"], []),
    "33-images-links": (
        ['href="https://example.org/plot.png"', 'href="https://example.org/y"'],
        ["<img"],
    ),
    "34-latex-text-mode": (["<h2>Solution</h2>", "<strong>Step 1.</strong>", "<em>x</em>", "first"], ["\\section"]),
    "35-dollar-prose": (["She had $100", "5x+6y=40", "$1,000,000 and $2M—$3M", "$12→$13"], [SOURCE]),
    "36-inline-long-phone": (["<wbr>", "55", "=49", "得证"], ["$", SOURCE]),
    "37-boxed-sentence": (['<span class="boxed">Yes, the sum of two even numbers', "120"], ["\\text", SOURCE]),
}


def shown(html: str) -> str:
    """The text of the page, without what only separates."""
    return re.sub("[\u200b\u2061]", "", unescape(re.sub(r"<[^>]+>", "", html))).replace("\xa0", " ")


def test_every_kind_of_text_has_an_expectation() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_text_is_drawn_as_a_person_expects(name: str) -> None:
    html = to_html((FOLDER / f"{name}.md").read_text(encoding="utf-8"))
    there, absent = EXPECTED[name]
    text = shown(html)
    assert [piece for piece in there if piece not in html and piece not in text] == []
    assert [piece for piece in absent if piece in (html if piece.startswith("<") or piece == SOURCE else text)] == []


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("每个梨$6。设$x$为梨数", "每个梨$6。设x为梨数"),
        ("It costs $6 ($x$ items) and $7 (or $8).", "It costs $6 (x items) and $7 (or $8)."),
        ("苹果$8，则$6x+8y=100$。", "苹果$8，则6x+8y=100。"),
        ("A pear is $6 each, and $n$ pears cost $6n$.", "A pear is $6 each, and n pears cost 6n."),
        ("$2，3，5$ are primes, $[0,1)$ is half open", "2，3，5 are primes, [0,1) is half open"),
        ("$100元$ and $5\\text{ 个}$", "100元 and 5 个"),
    ],
)
def test_price_and_formula_in_one_sentence_are_told_apart(source: str, text: str) -> None:
    assert shown(to_html(source)).strip() == text


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("**结论：**10 个", "<strong>结论：</strong>10 个"),
        ("**答案是：**x=5", "<strong>答案是：</strong>x=5"),
        ("见**“引号”**b 和**注意（重要）**a", "<strong>“引号”</strong>b 和<strong>注意（重要）</strong>a"),
        ("**Note:**see", "<strong>Note:</strong>see"),
        ("a 2**3 and 4**5", "a 2**3 and 4**5"),
    ],
)
def test_bold_needs_no_blank_beside_punctuation(source: str, html: str) -> None:
    assert html in to_html(source)


def test_harmless_tags_are_drawn_and_others_are_text() -> None:
    html = to_html(
        "| a |\n|---|\n| one<br>two, H<sub>2</sub>O, <kbd>Ctrl</kbd> <script>alert(1)</script> <img src=x> |"
    )
    assert "one<br>two, H<sub>2</sub>O, <kbd>Ctrl</kbd>" in html
    assert "<script" not in html and "<img" not in html and "alert(1)" in shown(html)


def test_details_hold_what_stands_between_their_tags() -> None:
    text = "<details><summary>More</summary>\n\nHidden **text**.\n\n- a\n\n</details>\n\nAfter it."
    html = to_html(text)
    assert re.search(
        r"<details><summary>More</summary>.*<strong>text</strong>.*<li>a</li>.*</details>", html, re.DOTALL
    )
    assert html.index("</details>") < html.index("After it.")
    splitter = BlockSplitter()
    splitter.feed(text)
    assert [text[start:][:8] for start in splitter.starts] == ["<details", "After it"]


def test_displayed_formula_keeps_its_blank_lines_together() -> None:
    text = "Thus\n\n\\[\nx = 1\n\ny = 2\n\\]\n\nand so on."
    splitter = BlockSplitter()
    splitter.feed(text)
    assert [text[start:][:6].strip() for start in splitter.starts] == ["Thus", "\\[\nx =", "and so"]
    html = to_html(text)
    assert html.count("<mtr>") == 2 and SOURCE not in html


def test_formula_that_is_never_closed_ends_at_its_first_blank_line() -> None:
    assert "<p>An ordinary paragraph.</p>" in to_html("\\[ x = 1\n\nAn ordinary paragraph.\n\nAnother one.")


def test_nothing_is_cut_off_on_a_phone_or_a_desktop(browser: Browser, tmp_path: Path) -> None:
    """A formula, a table or a box that is wider than its column breaks or scrolls; cells keep their words whole."""
    css = "".join((UI / name).read_text(encoding="utf-8") for name in ("page.css", "talk/talk.css", "html/text.css"))
    parts = "".join(
        f'<div class="part" id="{path.stem}">{to_html(path.read_text(encoding="utf-8"))}</div>'
        for path in sorted(FOLDER.glob("*.md"))
    )
    file = tmp_path / "page.html"
    file.write_text(
        f"<!doctype html><meta charset=utf-8><style>{css} .part {{ content-visibility: visible !important }}</style>"
        f'<body style="overflow:auto"><div class="read"><div class="answer">{parts}</div></div>',
        encoding="utf-8",
    )
    for width in (390, 1280):
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.goto(file.as_uri())
        cut = page.evaluate("""() => {
            const scrolls = element => {
                for (let e = element; !e.classList.contains('part'); e = e.parentElement)
                    if (['auto', 'scroll'].includes(getComputedStyle(e).overflowX)) return true;
                return false;
            };
            const wide = [];
            for (const element of document.querySelectorAll('.part *')) {
                const part = element.closest('.part').getBoundingClientRect();
                if (element.getBoundingClientRect().right > part.right + 1 && !scrolls(element))
                    wide.push(`${element.closest('.part').id}: ${element.tagName} ${element.textContent.slice(0, 40)}`);
            }
            for (const cell of document.querySelectorAll('.part th:not(.long), .part td:not(.long)')) {
                const range = document.createRange();
                for (const node of cell.childNodes) for (const word of (node.data ?? '').matchAll(/[A-Za-z]{3,}/g)) {
                    range.setStart(node, word.index); range.setEnd(node, word.index + word[0].length);
                    if (range.getClientRects().length > 1) wide.push(`broken word ${word[0]}`);
                }
            }
            return wide;
        }""")
        page.close()
        assert cut == []
