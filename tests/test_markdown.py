"""Markdown becomes HTML that is right, and safe whatever the text."""

import logging
import re
import socket
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1chat.ui.html.markdown import MAX_TEXT, plain, pygments_css, to_html

X = "<math><mi>x</mi></math>"
DISPLAYED_X = '<math display="block"><mi>x</mi></math>'


class Page(HTMLParser):
    """What a browser would find: every tag, every attribute, the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def visible(html: str) -> str:
    return Page(html).text.strip()


# --- formulas --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["$x$", r"\(x\)", r"\( x \)"])
def test_inline_delimiters_become_mathml(text: str) -> None:
    assert to_html(f"so {text} is") == f"<p>so {X} is</p>\n"


@pytest.mark.parametrize("text", ["$$x$$", r"\[x\]", "$$ x $$", "\\[\nx\n\\]", "$$\nx\n$$", "    \\[ x \\]"])
def test_display_delimiters_become_displayed_mathml(text: str) -> None:
    assert to_html(text) == f"<p>{DISPLAYED_X}</p>\n"


def test_displayed_formula_stands_in_the_middle_of_a_line() -> None:
    assert to_html(r"so \[x\] or $$x$$ is") == f"<p>so {DISPLAYED_X} or {DISPLAYED_X} is</p>\n"


def test_line_that_goes_on_after_a_displayed_formula_stays_in_its_paragraph() -> None:
    assert Page(to_html("\\[x\\] is it,\nand more")).tags.count("p") == 1


@pytest.mark.parametrize("first", ["- ", "+ ", "> ", "# ", "1. ", "| "])
def test_lines_of_a_formula_are_no_lists_quotes_or_headings(first: str) -> None:
    page = Page(to_html(f"text:\n\\[\na\n{first}b\n\\]\nmore"))
    assert not {"li", "blockquote", "h1"} & set(page.tags)
    assert page.tags.count("p") == 3


@pytest.mark.parametrize(
    "text",
    ["- a\n  \\[\n  x\n  \\]\n- b", "> \\[\n> x\n> \\]", "1. a\n\n   $$\n   x\n   $$\n2. b", "| a |\n|---|\n| $$x$$ |"],
)
def test_formula_inside_a_list_a_quote_or_a_table(text: str) -> None:
    assert DISPLAYED_X in to_html(text)


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $10.",
        "From $5-$10, or $20 (was $30).",
        "US$3 to US$5",
        "5$/kg or 6$/kg",
        "**$100** is half of **$200**",
        "$1,000, then $2,000",
        "a $ sign, $ 5 and $ 6",
        "costs \\$5 and \\$6",
        "$5",
    ],
)
def test_prices_are_not_formulas(text: str) -> None:
    html = to_html(text)
    assert "<math" not in html and "math-source" not in html
    assert visible(html) == text.replace("\\", "").replace("**", "")


def test_price_before_a_formula_leaves_the_formula_alone() -> None:
    assert to_html("It costs $5, so $x$") == f"<p>It costs $5, so {X}</p>\n"


def test_dollar_formula_stands_next_to_chinese() -> None:
    assert to_html("当$x$时") == f"<p>当{X}时</p>\n"


def test_spaced_dollars_are_a_formula_where_they_hold_latex() -> None:
    assert "<msup>" in to_html("so $ x^2 $ is")


def test_escaped_dollar_inside_a_formula_does_not_end_it() -> None:
    assert visible(to_html(r"$\$5 + x$")) == "$5+x"


@pytest.mark.parametrize(
    "text", ["`$x$`", "``\\(x\\)``", "```\n$$x$$\n```", "```\n\\[x\\]\n\\boxed{x}\n```", "~~~\n$x$\n~~~"]
)
def test_code_keeps_its_dollars(text: str) -> None:
    html = to_html(text)
    assert "<math" not in html
    assert visible(html) == text.strip("`~\n")


@pytest.mark.parametrize("text", [r"\boxed{x}", r"$\boxed{x}$", r"\(\boxed{x}\)"])
def test_boxed_result_is_boxed_with_and_without_delimiters(text: str) -> None:
    assert to_html(text) == '<p><math><menclose notation="box"><mi>x</mi></menclose></math></p>\n'


def test_boxed_result_holds_braces_and_chinese() -> None:
    assert visible(to_html(r"**\boxed{\text{12 只}}**")).split() == ["12", "只"]
    assert "<mfrac>" in to_html(r"\boxed{\frac{1}{2}}")


def test_bare_environment_is_a_formula() -> None:
    html = to_html("so\n\\begin{aligned}\na &= b \\\\\n- c &= d\n\\end{aligned}\nand")
    assert html.count("<mtr>") == 2 and "<li>" not in html


@pytest.mark.parametrize("name", ["split", "eqnarray*"])
def test_environment_that_the_converter_does_not_know_is_said_in_one_that_it_does(name: str) -> None:
    assert "<mtable" in to_html(rf"\[\begin{{{name}}} a &= b \end{{{name}}}\]")


@pytest.mark.parametrize("text", [r"\[ x \tag{7} \]", r"$$\begin{aligned} x \end{aligned} \tag{7}$$"])
def test_number_of_a_formula_is_shown(text: str) -> None:
    assert visible(to_html(text)).endswith("(7)")


def test_broken_formula_is_shown_as_its_source() -> None:
    assert to_html(r"so \(\frac{a\) is") == r'<p>so <code class="math-source">\(\frac{a\)</code> is</p>' + "\n"


def test_broken_formula_cannot_smuggle_html_in_its_source() -> None:
    html = to_html(r"\[\nonsense<img src=x onerror=alert(1)>\]")
    assert Page(html).tags == ["p", "code"]
    assert visible(html) == r"\[\nonsense<img src=x onerror=alert(1)>\]"


def test_text_inside_a_formula_cannot_smuggle_html() -> None:
    page = Page(to_html(r"$\text{</mtext></math><img src=x onerror=alert(1)>}$"))
    assert set(page.tags) == {"p"}


@pytest.mark.parametrize("depth", [100, 1_000, 7_000])
@pytest.mark.parametrize("opening", ["{", r"\sqrt{", r"\left(", r"\hat", "x^{", r"\begin{matrix}"])
def test_formula_as_deep_as_it_may_be_does_not_end_the_process(opening: str, depth: int) -> None:
    source = opening * depth
    assert visible(to_html(f"\\[{source}\\]")) == f"\\[{source}\\]"


def test_formula_that_defines_itself_ends() -> None:
    assert "math-source" in to_html(r"$\newcommand{\a}{\a\a}\a$")


# --- unfinished text -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [r"\(\frac{1}{2", r"\[\frac{1}{2", "\\[\n\\frac{1}\n- *2*", "$$\n\\frac{1", r"\boxed{1", r"\begin{align} a &= *b"],
)
def test_half_a_formula_is_shown_as_source(text: str) -> None:
    assert to_html(text) == f'<p><code class="math-source">{text.replace("&", "&amp;")}</code></p>\n'


def test_unfinished_inline_formula_takes_only_its_line() -> None:
    assert to_html("a \\(x\n*b*") == '<p>a <code class="math-source">\\(x</code><br>\n<em>b</em></p>\n'


def test_unfinished_displayed_formula_ends_at_a_blank_line_or_a_fence() -> None:
    assert to_html("\\[\nx\n\n*b*").endswith("<p><em>b</em></p>\n")
    assert '<div class="code">' in to_html("\\[\nx\n```\ny")


def test_open_fence_is_code_to_the_end() -> None:
    assert visible(to_html("```\nx = 1\n\n# no heading")) == "x = 1\n\n# no heading"


def test_half_a_table_is_text_until_its_second_line_is_there() -> None:
    assert Page(to_html("| a | b |")).tags == ["p"]
    assert Page(to_html("| a | b |\n|--")).tags == ["p", "br"]
    assert "table" in Page(to_html("| a | b |\n|---|---|")).tags


@pytest.mark.parametrize("dashes", ["-", "--", "---", "="])
def test_dash_under_a_line_does_not_make_it_a_heading(dashes: str) -> None:
    assert not {"h1", "h2"} & set(Page(to_html(f"text\n{dashes}")).tags)


# --- Markdown --------------------------------------------------------------------------------------------------------


def test_line_breaks_are_kept() -> None:
    assert to_html("7 + 3 = 10\n20 + 40 = 60") == "<p>7 + 3 = 10<br>\n20 + 40 = 60</p>\n"


@pytest.mark.parametrize("text", ["2*3*4", "2*y + 3*z", "(a+b)*(c+d)*2", "x**2 + y**2"])
def test_product_is_not_emphasis(text: str) -> None:
    assert to_html(text) == f"<p>{text}</p>\n"


@pytest.mark.parametrize("text", ["*x*", "a *b c* d", "*2 + 3*"])
def test_emphasis_is_still_emphasis(text: str) -> None:
    assert "em" in Page(to_html(text)).tags


@pytest.mark.parametrize("text", ["**注意：**这是", "这是**“重点”**内容", "**（一）**开始", "共**9**只"])
def test_strong_text_needs_no_spaces_in_chinese(text: str) -> None:
    page = Page(to_html(text))
    assert page.tags == ["p", "strong"]
    assert page.text.strip() == text.replace("*", "")


def test_table_cells_are_aligned_by_class() -> None:
    html = to_html("| a | b | c |\n|:--|:-:|--:|\n| 1 | 2 | 3 |")
    assert '<td class="left">1</td>' in html
    assert '<td class="center">2</td>' in html
    assert '<td class="right">3</td>' in html


def test_a_short_chinese_cell_is_marked_so_that_it_stays_in_one_line() -> None:
    html = to_html("| 时间 | 说明 |\n|---|---|\n| 中午 | 这一格里是一整句话。 |")
    assert '<th class="short">时间</th>' in html and '<td class="short">中午</td>' in html
    assert "<td>这一格里是一整句话。</td>" in html


def test_struck_out_text() -> None:
    assert to_html("~~x~~") == "<p><s>x</s></p>\n"


def test_bare_address_is_a_link_without_the_punctuation_of_its_sentence() -> None:
    page = to_html("see http://example.com/a_b (or www.example.org), or mail me@example.org.")
    assert [part.partition('"')[0] for part in page.split('href="')[1:]] == [
        "http://example.com/a_b",
        "http://www.example.org",
        "mailto:me@example.org",
    ]


def test_code_is_coloured_and_says_its_language() -> None:
    html = to_html("```python\ndef f(): pass\n```")
    assert '<div class="code-language">python</div>' in html
    assert '<span class="hl-k">def</span>' in html
    assert visible(html) == "python\n".strip() + "def f(): pass"


def test_code_in_an_unknown_language_is_plain() -> None:
    html = to_html("```martian\n<b>&\n```")
    assert "<pre><code>&lt;b&gt;&amp;\n</code></pre>" in html


def test_every_colour_of_code_has_a_rule_in_both_themes() -> None:
    html = to_html('```python\n# c\ndef f(x): return "a" + 1\n```')
    classes = set(re.findall(r'class="(hl-\w+)"', html))
    assert len(classes) > 4
    for dark in (False, True):
        for name in classes:
            assert f".{name} " in pygments_css(dark)


def test_dark_colours_hold_only_in_the_dark_theme() -> None:
    rules = [line for line in pygments_css(dark=True).splitlines() if line]
    assert rules and all(rule.startswith(".dark .code .hl-") for rule in rules)


@pytest.mark.parametrize(("dark", "background"), [(False, "f3f1ed"), (True, "211f1e")])
def test_every_colour_of_code_can_be_read(dark: bool, background: str) -> None:
    def luminance(colour: str) -> float:
        size = len(colour) // 3
        parts = [int(colour[at : at + size] * (3 - size), 16) / 255 for at in (0, size, 2 * size)]
        linear = [part / 12.92 if part <= 0.04 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    colours = set(re.findall(r" color: #(\w+)", pygments_css(dark)))
    assert len(colours) > 5
    for colour in colours:
        darker, lighter = sorted((luminance(colour), luminance(background)))
        assert round((lighter + 0.05) / (darker + 0.05), 1) >= 4.5, colour


# --- hostile text ----------------------------------------------------------------------------------------------------

TAGS = (
    "a b blockquote br code del details div em h1 h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre s small span strong "
    "sub summary sup table tbody td th thead tr u ul wbr "
    "math menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt "
    "mstyle msub msubsup msup mtable mtd mtext mtr munder munderover"
)


def check_is_safe(html: str) -> None:
    html.encode()
    page = Page(html)
    assert set(page.tags) <= set(TAGS.split())
    for name, value in page.attributes:
        assert not name.startswith("on")
        assert name not in {"id", "src", "srcset", "action", "xlink:href"}
        if name == "href":
            assert value is not None and value.lower().startswith(("http://", "https://", "mailto:"))
        if name == "style":
            assert value is not None and "url" not in value and "position" not in value


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<!-- --><![CDATA[ ]]><?php ?>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](java\tscript:alert(1))",
        "[x](vbscript:x) [y](data:text/html,<script>alert(1)</script>) [z](file:///etc/passwd)",
        "<javascript:alert(1)>",
        "![x](javascript:alert(1))",
        '[x](http://a.b "t" onmouseover=alert(1) \\"")',
        "[x](http://a.b 't\" onmouseover=\"alert(1)')",
        '[x](http://a.b/"onmouseover=alert(1))',
        '```" onmouseover=alert(1) x="\ncode\n```',
        "```<script>\ncode\n```",
        "`<script>alert(1)</script>`",
        "${alert(1)} {{alert(1)}} {{{x}}} `${x}`",
        '| <script> | b |\n|---|---|\n| "onclick="x | 2 |',
        r"$\href{javascript:alert(1)}{x}$ $\class{x}{y}$ $\style{position:fixed}{y}$ \(\label{x}\)",
        r"$\text{<style>*{display:none}</style>}$",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "x\0y\ud800z",
    ],
)
def test_hostile_text_is_shown_and_does_nothing(text: str) -> None:
    html = to_html(text)
    check_is_safe(html)
    assert visible(html)


def test_template_syntax_stays_what_it_is() -> None:
    assert to_html("${alert(1)} {{x}}") == "<p>${alert(1)} {{x}}</p>\n"


def test_link_opens_elsewhere_and_tells_nothing() -> None:
    attributes = dict(Page(to_html("[x](https://example.com)")).attributes)
    assert attributes == {
        "href": "https://example.com",
        "target": "_blank",
        "rel": "noopener noreferrer nofollow",
    }


@pytest.mark.parametrize("address", ["/x", "x.html", "#x", "//evil.example/x", "ftp://a.b"])
def test_address_that_is_no_web_or_mail_address_is_no_link(address: str) -> None:
    assert to_html(f"[x]({address})") == f"<p>[x]({address})</p>\n"


def test_image_is_its_description_and_a_link() -> None:
    page = Page(to_html("![a *cat*](http://example.com/cat.png)"))
    assert page.tags == ["p", "a"]
    assert page.text.strip() == "a cat"
    assert ("href", "http://example.com/cat.png") in page.attributes


def test_image_in_a_link_keeps_the_link() -> None:
    page = Page(to_html("[![cat](http://a.b/cat.png)](https://c.d)"))
    assert page.tags == ["p", "a"]
    assert ("href", "https://c.d") in page.attributes


@pytest.mark.parametrize(
    "text",
    [
        ">" * 4_000,
        "[" * 4_000,
        "![" * 4_000,
        "- " * 4_000,
        "`" * 4_000,
        "*a " * 4_000,
        "$" * 4_000,
        "\\(" * 4_000,
        "\\\\(" * 4_000,
        "[ \\a" * 4_000,
        "\\textbf{" * 2_000,
        "<DETAILS>\n" * 2_000,
        "[\n" * 4_000,
        "$6（" * 4_000,
        "| $|$ " * 4_000,
        "| a |\n|---|\n" * 1_500,
        "```markdown\n```a\n" * 1_500,
        "www." * 4_000,
        "a@" * 4_000,
        "[^1]" * 4_000,
        "$" + "+x" * 3_900 + "$",
        "$" + "\\ce{" * 1_500 + "$",
        "$ " + "_" * 40_000 + "a",
        "$" + "\\a" * 15_000,
        "\\[\n" * 2_000,
        "<" * 4_000,
        "[a](" * 4_000,
        "|a" * 4_000,
        "\n".join("  " * depth + "- a" for depth in range(200)),
        "a" * 300_000,
        "a\n" * 100_000,
    ],
    ids=lambda text: f"{text[:4]!r} {len(text)}",
)
def test_absurd_text_is_shown_whole(text: str) -> None:
    html = to_html(text)
    check_is_safe(html)
    letters = re.sub(r"[^a]", "", text)
    assert re.sub(r"[^a]", "", visible(html)) == letters


@pytest.mark.parametrize("language", ["c", "csharp", "diff", "ini", "matlab", "python"])
@pytest.mark.parametrize("piece", [" ", "a\n", "a b ", ":", "'", "\n", "1_", "{%", "/* "], ids=repr)
def test_hostile_code_is_shown_whole(language: str, piece: str) -> None:
    code = piece * (12_000 // len(piece))
    page = Page(to_html(f"```{language}\n{code}x\n```"))
    assert page.text.strip().removeprefix(language) == f"{code}x"


def test_code_that_nobody_writes_is_not_coloured() -> None:
    assert "hl-" not in to_html("```c\nint" + " " * 100 + "x;\n```")
    assert "hl-" not in to_html("```python\nx = '" + "a" * 3_000 + "'\n```")


def test_nesting_deeper_than_the_parser_goes_is_shown_as_it_was_written() -> None:
    text = ">" * 60 + " deep"
    assert to_html(text) == f'<p class="plain">{plain(text)}</p>'


def test_text_that_is_too_long_is_shown_as_it_was_written() -> None:
    assert to_html("*" * (MAX_TEXT + 1)) == f'<p class="plain">{"*" * (MAX_TEXT + 1)}</p>'


FRAGMENTS = [
    *("a", "1", "x ", "中", "😀", "\n", "\n\n", "  ", "    ", "\t", "\r", "\0", "\u202e", "\u2028", "\ud800"),
    *("> ", "- ", "1. ", "* ", "+ ", "#", "# ", "---", "=", "*", "**", "_", "~~", "`", "```", "```py\n", "~~~"),
    *("|", "| a | b |\n|---|---|\n", "[", "](", "]", "(", ")", "![", "http://a.b", "<http://a>", "javascript:"),
    *("$", "$$", "\\(", "\\)", "\\[", "\\]", "\\boxed{", "\\text{<b>}", "\\textbf{x}", "\\frac12", "^", "_2", "{", "}"),
    *("\\begin{align}", "\\end{align}", "\\\\", "\\", "%", "&", "&lt;", "'", '"'),
    *("<b>", "<script>", "</math>", "<math>", "<mtext>", "<style>", "<!--", "-->", "<![CDATA["),
]


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join))
def test_no_mixture_of_marks_gets_through_or_breaks_a_parser(text: str) -> None:
    broken: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = broken.append  # type: ignore[method-assign]
    logging.getLogger("r1chat").addHandler(handler)
    try:
        check_is_safe(to_html(text))
    finally:
        logging.getLogger("r1chat").removeHandler(handler)
    assert not broken


def test_plain_text_is_escaped_for_attributes_too() -> None:
    assert plain("<a href='x' title=\"y\">&\ud800") == "&lt;a href=&#x27;x&#x27; title=&quot;y&quot;&gt;&amp;\ufffd"


@pytest.mark.parametrize(
    "address",
    [
        "http://ip6-localhost:7861",
        "http://localhost.localdomain/",
        f"http://{socket.gethostname()}:7860",
        f"http://{socket.gethostname().upper()}./",
        "http://127.0.0.1.nip.io/",
        "http://a-127-0-0-1.sslip.io",
        "http://app.7f000001.nip.io",
        "http://--1.sslip.io",
        "http://0-0-0-0-0-0-0-1.sslip.io",
        "http://0.0.0.0.nip.io",
    ],
)
def test_a_name_of_this_computer_is_text(address: str) -> None:
    assert "href" not in to_html(f"[a page]({address})")


@pytest.mark.parametrize(
    "address",
    ["http://10.0.0.1.nip.io", "https://foo-1.example.org", "https://v-0-0-1.example.com", "https://a--1.example.com"],
)
def test_names_that_only_resemble_those_of_this_computer_stay_links(address: str) -> None:
    assert f'href="{address}"' in to_html(f"[a page]({address})")


@pytest.mark.parametrize(
    "text",
    [
        "[https://bank.example](http://evil.example)",
        "[bank.example/login](http://evil.example/x)",
        "[https://bank.example](https://bank.example@evil.example)",
        "[see **https://ba**nk.example/x](http://evil.example)",
        "[https://bank.\u200bexample](http://evil.example)",
        "![https://bank.example](http://evil.example/p.png)",
    ],
)
def test_a_link_that_shows_another_address_has_its_own_host_beside_it(text: str) -> None:
    assert "</a> <strong>(evil.example)</strong>" in to_html(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://bank.example/a.",
        "[docs](http://evil.example)",
        "[example.org](https://docs.example.org/)",
        "[https://example.org/x](https://www.EXAMPLE.org/x)",
        "[https://bank.example:443](https://bank.example)",
    ],
)
def test_an_honest_link_has_nothing_beside_it(text: str) -> None:
    assert "href" in to_html(text) and "<strong>" not in to_html(text)


@pytest.mark.parametrize("line", ["-" + "|  " * 2_000 + "x", " " * 100_000 + "x|-", "-" + " |\t" * 2_000 + "x"])
def test_line_that_is_almost_the_rule_of_a_table_is_read_in_one_go(line: str) -> None:
    assert "<table>" not in to_html(f"a|b\n{line}")


def test_rule_of_a_table_may_have_marks_of_its_columns_and_blanks() -> None:
    for rule in ("-|-", "| :-: | --- |", ":--|--:", "|---|---|  "):
        assert "<table>" in to_html(f"|`a|b`|c|\n{rule}\n|1|2|")


@pytest.mark.parametrize("text", ["`{}`", "```sh\n{}\n```", "    {}", "- ~~~\n  {}\n  ~~~", "```\n{}"])
def test_code_reads_as_it_is_copied_and_run(text: str) -> None:
    """No mark of direction, which would show a command in a comment, and nothing that steers a terminal."""
    visible_text = Page(to_html(text.format("ls \u2067# \u2066look\u2069 ; rm x\u2069 \u202e\x1b[201~\x9b"))).text
    assert not re.search("[\x1b\x9b\u202a-\u202e\u2066-\u2069]", visible_text) and "look" in visible_text


def test_marks_of_direction_stay_in_a_text() -> None:
    assert "\u200f" in to_html("שלום\u200f!")


@pytest.mark.parametrize("text", [r"$\raisebox{10em}{UP}$", r"$\hspace{300em}x$", r"$\raisebox{-900px}{x}$"])
def test_a_formula_puts_nothing_outside_of_its_reply(text: str) -> None:
    lengths = [value or "" for name, value in Page(to_html(text)).attributes if name in ("voffset", "width")]
    assert not re.search(r"\b(?:10em|300em|900px)", " ".join(lengths))
    assert "1em" in to_html(r"$\raisebox{1em}{x}$") and "2em" in to_html(r"$a\qquad b$")
