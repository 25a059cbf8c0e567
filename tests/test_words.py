"""Every word of the page is there in both languages, and says the same things."""

import ast
import builtins
import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from r1chat.both import Both
from r1chat.ui.language import pick
from r1chat.ui.words.page import WORDS, Words, words

SENTENCES = {name: both for name in dir(Words) if isinstance(both := getattr(Words, name), Both)}


def fields(sentence: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None)


def test_every_sentence_has_the_same_fields_and_lines_in_both_languages() -> None:
    assert len(SENTENCES) > 100, "the search for sentences found too few: does it still look in the right place?"
    for name, both in SENTENCES.items():
        assert both.en.strip() and both.zh.strip(), name
        assert fields(both.en) == fields(both.zh), name
        assert both.en.count("\n") == both.zh.count("\n"), name


def test_no_english_sentence_holds_chinese() -> None:
    chinese = [name for name, both in SENTENCES.items() if re.search("[\u4e00-\u9fff]", both.en)]
    assert not chinese


@pytest.mark.parametrize(("lang", "spoken"), [("en", "en"), ("zh", "zh"), ("fr", "en"), ("", "en"), ("<x>", "en")])
def test_language_that_is_not_spoken_gives_english(lang: str, spoken: str) -> None:
    assert words(lang).lang == spoken


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-Hant-TW", "zh"),
        ("ZH-cn", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr,de;q=0.9,zh;q=0.5,en;q=0.3", "zh"),
        ("en;q=0.1, zh;q=0.2", "zh"),
        ("zh;q=0, en;q=0.5", "en"),
        ("zh;q=0", "en"),
        ("fr-FR", "en"),
        ("zhuang", "en"),
        ("zh;q=banana", "en"),
        (",;,q=1;;zh" * 1000, "en"),
    ],
)
def test_browser_gets_the_language_that_it_wants_most(header: str | None, lang: str) -> None:
    assert pick(header) == lang


@pytest.mark.parametrize(
    ("seconds", "digits", "english", "chinese"),
    [
        (0.42, 1, "0.4 s", "0.4 秒"),
        (0, 0, "0 s", "0 秒"),
        (-1, 0, "0 s", "0 秒"),
        (59.4, 0, "59 s", "59 秒"),
        (59.6, 0, "1 min 0 s", "1 分 0 秒"),
        (125, 1, "2 min 5 s", "2 分 5 秒"),
        (7_200, 0, "120 min 0 s", "120 分 0 秒"),
    ],
)
def test_times_are_said_shortly(seconds: float, digits: int, english: str, chinese: str) -> None:
    assert WORDS["en"].duration(seconds, digits) == english
    assert WORDS["zh"].duration(seconds, digits) == chinese


def test_one_token_is_one_token() -> None:
    assert WORDS["en"].tokens(1) == "1 token"
    assert WORDS["en"].tokens(15_577) == "15,577 tokens"
    assert WORDS["zh"].tokens(1) == "1 个 token"


# --- no sentence in one language alone -------------------------------------------------------------------------------

ROOT = Path(__file__).parents[1] / "r1chat"
BUILT_IN = {name for name in dir(builtins) if name.endswith("Error")}
TERMINAL = ("cli/", "evals/", "rewards/trl.py", "answers/pattern_program.py")  # not shown by the page


@cache
def all_calls(source: str) -> tuple[ast.Call, ...]:
    """Every call in a module."""
    return tuple(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))


def calls(node: ast.AST, name: str) -> bool:
    """Whether a node is a call of the function of that name."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def one_sided(source: str) -> Iterator[str]:
    """Errors and notes that are given a sentence as a plain string, which no Chinese page can show in Chinese."""
    if not re.search(r"Error\(|\b(note|error)=", source):
        return  # to parse it takes longer
    for node in all_calls(source):
        for keyword in node.keywords:
            if keyword.arg in ("note", "error") and _is_one_language(keyword.value):
                yield f"line {keyword.value.lineno}: {keyword.arg}"
        if not (isinstance(node.func, ast.Name) and node.args):
            continue
        error = node.func.id.endswith("Error") and node.func.id not in BUILT_IN
        if error and isinstance(node.args[0], ast.Constant | ast.JoinedStr):
            yield f"line {node.lineno}: {node.func.id}"


def _is_one_language(value: ast.expr) -> bool:
    """Whether an expression is a written string, or `str(…)` of something that may have two."""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str) and value.value != ""
    return isinstance(value, ast.JoinedStr) or calls(value, "str")


def test_every_error_that_may_reach_the_page_has_both_sentences() -> None:
    lines_by_file = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(TERMINAL):
            lines_by_file[name] = [*one_sided(path.read_text(encoding="utf-8"))]
    assert {name: lines for name, lines in lines_by_file.items() if lines} == {}


def pairs(source: str) -> Iterator[tuple[str, str]]:
    """The texts of every `Both` that is written out as two plain strings."""
    for node in all_calls(source) if "Both(" in source else ():
        if calls(node, "Both"):
            texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if len(texts) == 2:
                yield str(texts[0]), str(texts[1])


def test_every_text_of_the_package_has_the_same_fields_in_both_languages() -> None:
    """A field that only one language knows is a KeyError in place of the sentence. Chinese has no plural: no `s`."""
    paths = [
        path for path in sorted(ROOT.rglob("*.py")) if path.name != "wordings.py"
    ]  # lists of questions to train on
    texts = [pair for path in paths for pair in pairs(path.read_text(encoding="utf-8"))]
    assert len(texts) > 500, "the search for texts found too few: does it still look in the right place?"
    assert [pair for pair in texts if ({*fields(pair[0])} ^ {*fields(pair[1])}) - {"s"}] == []


def test_chinese_sentences_say_you_and_token_in_one_way() -> None:
    paths = [path for path in sorted(ROOT.rglob("*.py")) if path.name not in ("phrases.py", "wordings.py")]
    chinese = [zh for path in paths for _, zh in pairs(path.read_text(encoding="utf-8"))]
    assert [zh for zh in chinese if re.search("您|词元", zh)] == []


def test_the_search_for_sentences_in_one_language_finds_them() -> None:
    assert [*one_sided('raise MessageError("Only English.")')] and [*one_sided('raise StoreError(f"{n} rows.")')]
    assert [*one_sided("ModelInfo(name, note=str(problem))")] and [*one_sided('ModelInfo(name, note="Only English.")')]
    assert not [*one_sided('ModelInfo(name, note=problem.text, error="")')]
    assert not [*one_sided("raise MessageError(Words.bad_mark)")] and not [*one_sided('raise ValueError("x")')]


def test_the_page_words_an_error_in_its_own_language() -> None:
    """`str(error)` is English: the page shows `error.sentence(lang)`. A log is read by developers."""
    places = []
    for path in sorted((ROOT / "ui").rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"\bstr\(error\)", line):
                places.append(f"{path.relative_to(ROOT)}, line {number}")
    assert places == []


def test_no_text_of_the_page_stands_in_a_script_or_a_style_sheet() -> None:
    """Sentences come from `ui/words`; a script or a style sheet has none of its own."""
    places = []
    for path in [*(ROOT / "ui").rglob("*.js"), *(ROOT / "ui").rglob("*.css")]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            code = re.sub(r"/\*.*?\*/|(?<!:)//.*$|^\s*\*.*$", "", line)
            if re.search(r"""(?:tell\(|textContent\s*=\s*|content:\s*)["'`][^"'`]*[A-Za-z\u4e00-\u9fff]{3}""", code):
                places.append(f"{path.name}, line {number}: {line.strip()}")
    assert places == []
