"""Every word of the page is there in both languages, and says the same things."""

import string

import pytest

from r1chat.both import Both
from r1chat.ui.words.page import WORDS, Words, pick, words

SENTENCES = {name: both for name in dir(Words) if isinstance(both := getattr(Words, name), Both)}


def holes(sentence: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None)


@pytest.mark.parametrize("name", SENTENCES)
def test_sentence_has_the_same_holes_in_both_languages(name: str) -> None:
    both = SENTENCES[name]
    assert both.en.strip() and both.zh.strip()
    assert holes(both.en) == holes(both.zh)


@pytest.mark.parametrize("name", SENTENCES)
def test_page_speaks_its_own_language(name: str) -> None:
    assert getattr(WORDS["en"], name) == SENTENCES[name].en
    assert getattr(WORDS["zh"], name) == SENTENCES[name].zh
    assert SENTENCES[name].en.isascii() or not any("\u4e00" <= char <= "\u9fff" for char in SENTENCES[name].en)


def test_there_are_as_many_questions_in_both_languages() -> None:
    for both in (Words.questions, Words.nano_questions):
        assert both.en.count("\n") == both.zh.count("\n")


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
