"""The search, in both kinds of database: what is found by which words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from r1chat.conversations import Provenance
from r1chat.messages import Reply
from r1chat.store import Store


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    yield opened
    opened.close()


def talk(store: Store, title: str, message: str = "", reasoning: str = "", answer: str = "") -> str:
    """A conversation with one finished reply; its id."""
    info = store.new_conversation(title)
    turn = store.add_turn(info.id, message, None)
    store.add_reply(turn.id, Provenance(), Reply(reasoning, True, answer, finish="stop"))
    return info.id


def titles(store: Store, query: str) -> list[str]:
    return [info.title for info in store.search(query)]


@pytest.mark.parametrize("word", ["zebra", "heron", "otter", "lynx"])
def test_titles_messages_thoughts_and_answers_are_searched(store: Store, word: str) -> None:
    talk(store, "About a zebra", "and a heron", "then an otter", "at last a lynx")
    talk(store, "About nothing")
    assert titles(store, word) == ["About a zebra"]


def test_all_words_must_occur_but_not_in_one_text(store: Store) -> None:
    talk(store, "one", "heron and otter")
    talk(store, "two", "heron", "", "lynx")
    talk(store, "three: otter", "heron")
    assert titles(store, "heron") == ["three: otter", "two", "one"]
    assert titles(store, "otter heron") == ["three: otter", "one"]
    assert titles(store, "heron otter lynx") == []


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("POINCARÉ", "the poincare conjecture"),
        ("poincare", "la conjecture de Poincaré"),
        ("istanbul", "İSTANBUL"),
        ("2700", "＝２７００"),
        ("straße", "Die STRASSE und die Straße"),
        ("deriv", "the derivatives"),
        ("max_tokens", "set max_tokens=4096"),
        ("boxed 70", "\\boxed{70}"),
        ("C++ std::vector", "std::vector in C++"),
        ("x", "let x = 3"),
        ("素数", "证明素数有无穷多个"),
        ("数", "证明素数有无穷多个"),
        ("无穷多个", "证明素数有无穷多个"),
        ("素数 证明", "证明：素数"),
        ("R1模型", "R1模型在思考"),
        ("模型 think", "模型thinks再回答"),
        ("がん", "日本語のひらがな、がんばる"),
        ("𠮷野", "𠮷野家"),
        ("정리", "피타고라스의 정리"),
        ("теорем", "Великая ТЕОРЕМА Ферма"),
        ("a'b", "it is a'b here"),
    ],
)
def test_a_person_finds_what_they_meant(store: Store, query: str, text: str) -> None:
    talk(store, "right", "", text)
    talk(store, "wrong", "", "etwas anderes 别的 別の")
    assert titles(store, query) == ["right"]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("rivative", "the derivatives"),  # the middle of a word
        ("de", "the derivatives"),  # too short for a beginning
        ("数素", "证明素数有无穷多个"),
        ("素多", "证明素数有无穷多个"),
        ("OR", "heron"),
        ("heron*x", "heron"),
        ('"heron', "hero"),
        ("NOT otter", "heron"),
    ],
)
def test_what_was_not_said_is_not_found(store: Store, query: str, text: str) -> None:
    talk(store, "wrong", "", text)
    assert titles(store, query) == []


@pytest.mark.parametrize("query", ["", "   ", "?!", "∑ → 🙂", "\x00", '"', "' OR 1=1 --x"])
def test_a_query_without_words_finds_nothing(store: Store, query: str) -> None:
    talk(store, "anything", "?! ∑ → 🙂")
    assert titles(store, query) == []


def test_a_very_long_query_is_answered(store: Store) -> None:
    words = " ".join(f"word{number}" for number in range(40))
    hanzi = "".join(chr(0x4E00 + number) for number in range(3000))
    talk(store, "both", words, hanzi)
    assert titles(store, words) == titles(store, hanzi) == ["both"]
    assert titles(store, "y" * 10_000) == []


@pytest.mark.parametrize(("before", "word"), [("字" * 49_999, "苍鹭"), ("of " * 16_665, "straddler")])
def test_a_word_where_a_long_text_is_cut_is_found(store: Store, before: str, word: str) -> None:
    talk(store, "long", f"{before}{word} and on")
    assert titles(store, word) == ["long"]


def test_a_reply_is_found_once_it_is_finished(store: Store) -> None:
    info = store.new_conversation("growing")
    reply = store.add_reply(store.add_turn(info.id, "hello", None).id, Provenance())
    store.save_reply(reply.id, Reply("heron"))
    assert titles(store, "heron") == []
    store.save_reply(reply.id, Reply("heron and", finish="stopped"))
    assert titles(store, "heron") == ["growing"]


def test_a_reply_that_went_on_is_found_by_what_it_says_now(store: Store) -> None:
    info = store.new_conversation("resumed")
    turn = store.add_turn(info.id, "hello", None)
    reply = store.add_reply(turn.id, Provenance(), Reply("heron", finish="stopped"))
    store.save_reply(reply.id, Reply("otter"))
    store.save_reply(reply.id, Reply("otter", True, "lynx", finish="stop"))
    assert (titles(store, "heron"), titles(store, "lynx")) == ([], ["resumed"])


def test_a_renamed_conversation_is_found_by_its_new_title(store: Store) -> None:
    info = store.new_conversation("heron")
    store.rename(info.id, "otter")
    assert (titles(store, "heron"), titles(store, "otter")) == ([], ["otter"])


def test_hidden_branches_are_searched_too(store: Store) -> None:
    info = store.new_conversation("branches")
    turn = store.add_turn(info.id, "hello", None)
    store.add_reply(turn.id, Provenance(), Reply(answer="heron", finish="stop"))
    store.add_reply(turn.id, Provenance(), Reply(answer="otter", finish="stop"))
    assert titles(store, "heron") == ["branches"]


def test_the_conversation_written_in_last_comes_first_and_the_limit_holds(store: Store) -> None:
    first = talk(store, "first", "heron")
    talk(store, "second", "heron")
    talk(store, "third", "heron")
    store.add_turn(first, "once more", None)
    assert titles(store, "heron") == ["first", "third", "second"]
    assert [info.title for info in store.search("heron", limit=2)] == ["first", "third"]


@pytest.mark.parametrize(
    ("query", "excerpt"),
    [
        ("heron", "…word word word word word word word a Heron stands in the word word"),
        ("苍鹭", "一只苍鹭 站在水里"),
        ("her", "a Heron stands in the word"),
        ("the heron", "a Heron stands"),
    ],
)
def test_the_excerpt_shows_the_place_that_was_found(store: Store, query: str, excerpt: str) -> None:
    talk(store, "long", "", "word " * 500 + "a Heron\n\nstands in the " + "word " * 500)
    talk(store, "short", "", "", "一只苍鹭\n站在水里")
    [info] = store.search(query)
    assert excerpt in info.excerpt
    assert len(info.excerpt) <= 162
    assert "\n" not in info.excerpt


def test_the_excerpt_comes_from_the_answer_where_thought_and_answer_have_the_word(store: Store) -> None:
    talk(store, "both", "", "maybe a heron", "surely a heron")
    assert store.search("heron")[0].excerpt.startswith("surely a heron")


def test_a_hit_in_the_title_alone_shows_the_title(store: Store) -> None:
    talk(store, "About a heron", "hello", "", "hi")
    assert store.search("heron")[0].excerpt == "About a heron"


def test_the_excerpt_comes_from_the_newest_text_that_has_the_word(store: Store) -> None:
    first = talk(store, "herons", "an old heron", "", "an older heron")
    store.add_turn(first, "a new heron", None)
    assert store.search("heron")[0].excerpt == "a new heron"
