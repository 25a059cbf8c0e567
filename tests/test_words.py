"""Every word of the page is there in both languages, and says the same things."""

import re
import string

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
