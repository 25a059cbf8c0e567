"""Steps, moments and the watchdog, through the doors that the rest of the app uses."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1chat.reflect import KINDS, Alarm, Moment, Reader, Step, Watchdog, find_moments, find_steps, list_moments, read
from r1chat.reflect.cues import anywhere, marks
from r1chat.reflect.features import FeatureFinder, features
from r1chat.reflect.sentences import SentenceSplitter
from training.snippets import chains

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"
SCORER = ROOT.parent / "shared" / "tools" / "score_moments.py"
with_corpus = pytest.mark.skipif(not SCORER.exists(), reason="the annotated traces (../shared/corpus) are not here")

SUM = "The first number is 12. The second number is 30. Together they make 42. "
SUMME = "第一个数是十二。第二个数是三十。加起来是四十二。"


def only(reasoning: str) -> Moment:
    """The one moment of a text."""
    moments = list(find_moments(reasoning))
    assert len(moments) == 1, moments
    return moments[0]


def words(reasoning: str) -> list[str]:
    return [reasoning[moment.start : moment.end] for moment in find_moments(reasoning)]


# --- moments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", ["0", "1"])
def test_every_process_finds_the_same_moments(seed: str) -> None:
    text = SUM * 2 + "But since the user expects one answer, I'm confused. Wait, is it D? " + SUMME + "等等，这样对吗？"
    program = "import sys; from r1chat.reflect import read; r = read(sys.argv[1]); print(*r.moments, *r.scores)"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}  # sets of words have another order in each
    process = subprocess.run([sys.executable, "-c", program, text], env=env, capture_output=True, encoding="utf-8")
    reader = read(text)
    assert len(reader.moments) >= 2
    assert (process.stdout, process.stderr) == (" ".join(map(str, [*reader.moments, *reader.scores])) + "\n", "")


@pytest.mark.parametrize(
    ("reasoning", "kind"),
    [
        (SUM + "Let me double-check the arithmetic.", "verification"),
        (SUM + "Wait, no, that's not correct.", "correction"),
        (SUM + "Alternatively, we could count up from 30.", "alternative"),
        (SUM + "But the question asks for the difference.", "re-reading"),
        (SUM + "Aha, I see, both are multiples of six.", "realisation"),
        (SUMME + "让我再检查一遍计算过程。", "verification"),
        (SUMME + "不对，我算错了。", "correction"),
        (SUMME + "换个思路，我们可以从反面考虑。", "alternative"),
        (SUMME + "但是题目要求的是它们的差。", "re-reading"),
        (SUMME + "哦，我明白了，两个数都是六的倍数。", "realisation"),
    ],
)
def test_each_kind_is_told_in_both_languages(reasoning: str, kind: str) -> None:
    assert only(reasoning).kind == kind


def test_offsets_are_indices_into_the_reasoning() -> None:
    reasoning = "\n\n" + SUM + "\n\nWait, is that right?\nIt is 😀 42."
    assert words(reasoning) == ["Wait, is that right?"]


def test_list_markers_do_not_belong_to_a_moment() -> None:
    assert words(SUM + "\n- Wait, is that right?\n3. Hold on, it is 43.") == [
        "Wait, is that right?",
        "Hold on, it is 43.",
    ]


def test_traditional_characters_are_read_as_simplified_ones() -> None:
    assert only(SUMME + "等等，讓我再檢查一下。").kind == "verification"
    assert only(SUMME + "另一種方法是用畫圖來驗證。").kind == "alternative"


def test_chinese_words_inside_english_thoughts_count() -> None:
    assert words(SUM + "等等，the sum should be 44. So it is.") == ["等等，the sum should be 44."]


@pytest.mark.parametrize(
    "reasoning",
    [
        SUM + "The waiting time is ten minutes, and others have to wait.",
        SUM + "He deposited the check at the bank.",
        SUM + "Hmm, I recall that both are even.",
        SUM + "You should double-check the label before you take it.",
        SUM + 'The child said: "I am late. Wait, where is my coat?"',
        SUM + "```\nWait, x = 1\n```\nSo it is 42.",
        "First, I need to understand the problem. Let me think step by step.",
        SUMME + "篮子里有苹果、香蕉、橘子等等。",
        SUMME + "他要等一下才去上学。",
        SUMME + "首先，我需要检查每个选项。",
    ],
)
def test_the_same_words_in_another_sense_are_no_moment(reasoning: str) -> None:
    assert words(reasoning) == []


def test_sentences_that_were_made_up_are_told_apart() -> None:
    lines = (ROOT / "tests" / "data" / "reflections.txt").read_text(encoding="utf-8").splitlines()
    counts = {"+": [0, 0], "-": [0, 0]}
    for line in lines[1:]:
        sign, sentence = line.split(" ", 1)
        before = SUM if sentence.isascii() else SUMME
        moments = [moment for moment in find_moments(before + sentence) if moment.end > len(before)]
        counts[sign][bool(moments)] += 1
    (missed, hit), (quiet, wrong) = counts["+"], counts["-"]
    assert hit > 0.8 * (hit + missed)
    assert wrong < 0.05 * (wrong + quiet)


def test_what_goes_on_with_a_moment_is_no_second_one() -> None:
    reasoning = SUM + "Wait, is that right? Let me check again. 12 plus 30 is 42."
    assert words(reasoning) == ["Wait, is that right?"]
    assert words(SUM + "Wait, no. Wait, the second number is 31.") == ["Wait, no."]


def test_a_question_that_is_denied_at_once_is_one_moment_from_the_question_on() -> None:
    assert words(SUM + "So the sum is odd? No, both are even.") == ["So the sum is odd? No, both are even."]
    assert words(SUMME + "所以和是奇数吗？不对，两个都是偶数。") == ["所以和是奇数吗？不对，两个都是偶数。"]


def test_a_loop_of_one_sentence_counts_once() -> None:
    turn = "So, he would leave on Monday. Wait, perhaps the man arrived on Friday and left on the next Friday. "
    assert len(list(find_moments(SUM + turn * 40))) == 1
    assert len(list(find_moments(SUM + "Wait. " * 100))) == 1


def test_the_same_short_check_at_two_places_counts_twice() -> None:
    again = "Let me double-check. "
    reasoning = SUM + again + "12 + 30 = 42. " + "Half of it is 21. A third is 14. " + again + "42 / 3 = 14."
    assert len(list(find_moments(reasoning))) == 2


def test_a_higher_bar_for_a_kind_hides_the_moments_below_it() -> None:
    reasoning = SUM + "Wait, let me double-check that. " + SUM + "Alternatively, we could count up from 30."
    reader = read(reasoning)
    assert [moment.kind for moment in reader.moments] == ["verification", "alternative"]
    score = reader.scores[0]
    assert score is not None
    assert [moment.kind for moment in find_moments(reasoning, {"verification": score})] == [
        "verification",
        "alternative",
    ]
    assert [moment.kind for moment in find_moments(reasoning, {"verification": score + 1})] == ["alternative"]


def test_snippets_for_training_have_every_kind_and_effect_in_both_languages() -> None:
    for chinese in (False, True):
        labels = [
            label
            for chain in chains(seed=1)
            for label in chain.labels.values()
            if chinese == bool(re.search("[\u4e00-\u9fff]", chain.text))
        ]
        assert {kind for kind, _ in labels} == set(KINDS)
        assert {effect for _, effect in labels} == {"changed", "confirmed", "none"}


def test_the_model_knows_the_snippets_that_it_was_trained_on() -> None:
    hits = missed = 0
    for chain in itertools.islice(chains(seed=3), 40):
        starts = {moment.start for moment in find_moments(chain.text)}
        hits += len(starts & chain.labels.keys())
        missed += len(chain.labels.keys() - starts)
    assert hits > 2 * missed


# --- effects ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reasoning", "effect"),
    [
        ("12 + 30 = 42. So it is 42. It is even. Wait, let me double-check. 12 + 30 = 42. Yes.", "confirmed"),
        ("12 + 30 = 32. So it is 32. It is even. Wait, no, I forgot to carry. It should be 42.", "changed"),
        (SUM + "Let me double-check that.", "none"),
        (SUM + "Alternatively, it is a riddle. But that doesn't fit. So it is 42.", "none"),
        (SUMME + "不对，我算错了。应该是四十三。", "changed"),
        (SUMME + "等等，让我再检查一遍。十二加三十是四十二，没错。", "confirmed"),
        (SUM + "Alternatively, it is a riddle. Wait, the question says that it is a sum.", "none"),
    ],
)
def test_effect_is_read_from_what_follows(reasoning: str, effect: str) -> None:
    assert next(find_moments(reasoning)).effect == effect


def test_effect_is_none_until_there_is_evidence_and_then_settles() -> None:
    reader = Reader()
    reader.feed(SUM + "Wait, let me double-check. ")
    assert [moment.effect for moment in reader.moments] == ["none"]
    assert reader.settled == 0
    reader.feed("12 plus 30 is 42. Yes. ")
    assert [moment.effect for moment in reader.moments] == ["confirmed"]
    reader.feed("So much for that. " * 12)
    assert reader.settled == 1


# --- steps -----------------------------------------------------------------------------------------------------------

PARAGRAPH = "Okay, so the train leaves at 9:40 and takes two hours and 35 minutes, as the table in the question says. "


def test_steps_are_cut_at_blank_lines_and_at_moments() -> None:
    reasoning = PARAGRAPH * 2 + "\n\n" + PARAGRAPH * 2 + "Wait, let me check the minutes. They are 35."
    steps = find_steps(reasoning)
    assert [step.title for step in steps] == [
        "The train leaves at 9:40 and takes two hours…",
        "The train leaves at 9:40 and takes two hours…",
        "Check the minutes",
    ]
    assert reasoning[steps[2].start : steps[2].end] == "Wait, let me check the minutes. They are 35."


def test_short_paragraphs_share_a_step_and_long_ones_are_cut() -> None:
    assert len(find_steps("One.\n\nTwo.\n\nThree.")) == 1
    assert len(find_steps(PARAGRAPH * 20)) > 2


def test_a_displayed_formula_stays_with_its_sentence() -> None:
    formula = "\\[\n\\frac{1}{2} + \\frac{1}{3}\n\n= \\frac{5}{6}\n\\]"
    reasoning = PARAGRAPH * 2 + "\n\n" + formula + "\n\n" + PARAGRAPH
    steps = find_steps(reasoning)
    assert len(steps) == 2
    assert formula in reasoning[steps[0].start : steps[0].end]


@pytest.mark.parametrize(
    ("reasoning", "title"),
    [
        ("**Step 1:** Find `x` in the [table](http://example.org/a).", "Step 1: Find x in the table"),
        ("### Okay, so let's see the *first* part.", "See the first part"),
        ("Now \\(p - q\\) is what \\(\\frac{1}{2}\\) stands for.", "P - q is what … stands for"),
        ("嗯，好的，用户问的是四个直辖市的天气。", "用户问的是四个直辖市的天气"),
        (
            "1. 首先计算前两个人一共减了多少，然后再计算剩下的两个人各自减了多少公斤。",
            "首先计算前两个人一共减了多少，然后再计算剩下的两…",
        ),
        ("12 + 30 = 42", ""),
        ("\\[ \\sum_{k=1}^n k \\]\nThis is the sum.", "This is the sum"),
    ],
)
def test_titles_are_the_first_words_without_noise(reasoning: str, title: str) -> None:
    assert [step.title for step in find_steps(reasoning)] == [title]


def test_nothing_comes_of_nothing() -> None:
    assert find_steps(" \n\n ") == []
    assert list(find_moments("")) == []


def test_an_unclosed_fence_does_not_hide_the_rest_of_the_chain() -> None:
    reasoning = SUM + "\n```\nx = 1\n" + "a plain line of text\n" * 400 + "Wait, is that right?\n"
    assert words(reasoning) == ["Wait, is that right?"]


# --- any chunking ----------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *(
            "Wait, ",
            "no. ",
            "Let me check again. ",
            "Hmm",
            "So it is 42. ",
            "12 + 30 = 42. ",
            "But the question says ",
            "right?",
        ),
        *("等等，", "不对", "。", "但是题目要求", "？", "让我再检查一遍。", "答案是 42。", "」", "”"),
        *(
            "\n",
            "\n\n",
            " ",
            "  \n",
            "- ",
            "1. ",
            "```",
            "\\[",
            "\\]",
            "$$",
            '"',
            "“",
            ".",
            "...",
            "!?",
            "…",
            "**",
            "😀",
            "é",
        ),
        *("a" * 700, "word " * 150, "." * 100, "\n" * 100, " " * 90),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=40).map("".join)
EDITS = st.tuples(st.integers(0, 2000), st.integers(0, 12), st.text(max_size=6))  # where, deleted, inserted
SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=20)


def chunks(text: str, sizes: Iterable[int]) -> Iterable[str]:
    at = 0
    for size in itertools.cycle(sizes):
        if at >= len(text):
            return
        yield text[at : at + size]
        at += size


def check_chunking(text: str, sizes: Iterable[int]) -> None:
    """Feed a text in chunks: the end is that of the whole text, and what was final on the way is part of it."""
    whole = read(text)
    reader = Reader()
    for chunk in chunks(text, sizes):
        reader.feed(chunk)
        places = [(moment.start, moment.end, moment.kind) for moment in reader.moments]
        assert places == [(moment.start, moment.end, moment.kind) for moment in whole.moments[: len(places)]]
        assert reader.moments[: reader.settled] == whole.moments[: reader.settled]
        assert reader.steps[:-1] == whole.steps[: max(0, len(reader.steps) - 1)]
    reader.close()
    assert reader.moments == whole.moments
    assert reader.steps == whole.steps
    assert reader.settled == len(reader.moments)


def check_cover(text: str, steps: Iterable[Step]) -> None:
    """Steps come in order, and leave out nothing but white space."""
    at = 0
    for step in steps:
        assert step.start < step.end
        assert not text[at : step.start].strip()
        at = step.end
    assert not text[at:].strip()


@settings(deadline=None)
@given(text=TEXTS, sizes=SIZES)
def test_any_chunking_gives_the_same_moments_and_steps(text: str, sizes: list[int]) -> None:
    check_chunking(text, sizes)


@settings(deadline=None)
@given(text=TEXTS)
def test_steps_cover_the_chain(text: str) -> None:
    check_cover(text, find_steps(text))


@settings(deadline=None)
@given(text=TEXTS)
def test_every_moment_lies_within_one_step(text: str) -> None:
    reader = read(text)
    for moment in reader.moments:
        assert moment.start < moment.end
        assert [step for step in reader.steps if step.start <= moment.start and moment.end <= step.end]


@settings(deadline=None)
@given(text=TEXTS, sizes=SIZES, question=st.sampled_from(["What is it?", "请计算。", ""]))
def test_any_chunking_raises_the_same_alarms(text: str, sizes: list[int], question: str) -> None:
    whole, dog = Watchdog(question), Watchdog(question)
    whole.feed(text + "\n.")
    raised = [alarm for chunk in chunks(text + "\n.", sizes) for alarm in dog.feed(chunk)]
    assert dog.alarms == whole.alarms == tuple(raised)


@settings(deadline=None, max_examples=100)
@given(text=TEXTS, edits=st.lists(EDITS, max_size=12))
def test_mutated_chains_are_read_without_an_error(text: str, edits: list[tuple[int, int, str]]) -> None:
    text = SUM + "Wait, is that right? 等等，这样对吗？ \\boxed{42} " + text
    for at, length, insertion in edits:
        at %= len(text) + 1
        text = text[:at] + insertion + text[at + length :]
    reader = read(text)
    assert all(0 <= moment.start < moment.end <= len(text) for moment in reader.moments)
    assert [moment.start for moment in reader.moments] == sorted(moment.start for moment in reader.moments)
    assert len(reader.scores) == len(reader.moments)
    check_cover(text, reader.steps)


@pytest.mark.parametrize("unit", ["a", " ", "\n", ".", "?! ", '"', "。", "= ", "\\[", "等", "`", "1.", "$$"])
def test_hostile_text_comes_through_in_one_piece(unit: str) -> None:
    text = unit * (30_000 // len(unit))
    check_cover(text, find_steps(text))
    Watchdog("What is it?").feed(text)


# --- the watchdog ----------------------------------------------------------------------------------------------------

QUESTION = "How far does the train go?"
THOUGHT = (
    "The train leaves the station at nine and we know that it should arrive before noon. Each hour it covers about "
    "eighty kilometres, so the distance is what we have to find, and the answer will be in kilometres. "
)
MORE = (
    "It is not known whether there are any stops on the way, but the table on the next page would say so if it were "
    "the case. That is why we can now put the numbers in, and then look at what comes out of it and how it was found. "
)
CHINESE = (
    "我们先来看这个问题的条件，火车在上午九点出发，中午之前到达，每小时大约行驶八十公里，所以只要知道它一共行驶了多少个小时，"
    "就可以算出它行驶的距离。接下来我们需要确认途中有没有停车，以及停车的时间有没有算在里面，这些在题目里都没有写明。"
)


def bark(question: str, before: str, after: str) -> tuple[Alarm, int]:
    """The alarm that `after` raises behind `before`, and how many characters of it that took."""
    dog = Watchdog(question)
    assert dog.feed(before) == ()
    for count, letter in enumerate(after, 1):
        for alarm in dog.feed(letter):
            return alarm, count
    raise AssertionError("no alarm")


@pytest.mark.parametrize(
    "unit",
    [
        "no ",
        "the answer is 5. ",
        "Let me think about it again. ",
        "Wait, maybe it is a different train on another day. ",
    ],
)
def test_a_phrase_that_cycles_is_seen_within_200_tokens(unit: str) -> None:
    alarm, count = bark(QUESTION, THOUGHT, unit * 300)
    assert alarm.kind == "loop"
    assert unit.strip() in alarm.detail
    assert abs(alarm.at - len(THOUGHT)) <= len(unit)
    assert count <= 800


def test_a_paragraph_that_cycles_is_seen_within_200_tokens_of_its_repetition() -> None:
    paragraph = (
        THOUGHT + "There is no stop on the way, as far as the question says. Then it is 240 kilometres in all.\n\n"
    )
    alarm, count = bark(QUESTION, "", paragraph * 9)
    assert alarm.kind == "loop"
    assert count <= len(paragraph) + 800


def test_a_chinese_phrase_that_cycles_is_seen_within_300_characters() -> None:
    alarm, count = bark("火车走了多远？", CHINESE, "等等，让我再想想。" * 100)
    assert (alarm.kind, alarm.detail) == ("loop", "等等，让我再想想。")
    assert count <= 300


def test_turns_that_differ_a_little_are_a_loop_too() -> None:
    places = [
        "a bus",
        "a horse",
        "a golf cart",
        "a taxi",
        "a plane",
        "a boat",
        "a sledge",
        "a tram",
        "a lorry",
        "a van",
    ]
    turn = (
        "Wait, maybe she was driving on a street that is one-way, but she was going the wrong way because she was in a "
        "place where such a street is one-way for cars and for nobody else, and she was in {}. "
    )
    alarm, _ = bark(QUESTION, THOUGHT, "".join(turn.format(place) for place in places))
    assert alarm.kind == "loop"


def test_lines_that_differ_in_their_letter_only_are_a_loop() -> None:
    lines = "".join(f"{letter}. 0.014\n" for letter in "ABCDEFGHIJKLMNOP")
    assert bark(QUESTION, THOUGHT + "\n", lines)[0].detail == "0.014"


def test_an_endless_word_and_endless_white_space_are_loops() -> None:
    assert bark(QUESTION, THOUGHT, "ha" * 400)[0].kind == "loop"
    assert bark(QUESTION, THOUGHT, "\n" * 500)[0] == Alarm("loop", len(THOUGHT) - 1, "")


@pytest.mark.parametrize(
    "chain",
    [
        THOUGHT + CHINESE[:50] + THOUGHT[:120],
        THOUGHT + "-" * 200 + "\n" + "| 0 | 0 | 0 |\n" * 4,
        THOUGHT + "So the matrix is \\[" + "0 & 0 & 0 & 0 \\\\ " * 5 + "\\].",
        "".join(f"{n} times {n + 1} is {n * (n + 1)}, as it must be. " for n in range(3, 12)),
        THOUGHT + "That is it. " + THOUGHT[:120],
    ],
)
def test_quotations_tables_and_restatements_are_left_alone(chain: str) -> None:
    assert Watchdog(QUESTION).feed(chain) == ()


def test_chinese_thoughts_to_an_english_question_are_a_drift() -> None:
    alarm, count = bark(QUESTION, THOUGHT, CHINESE)
    assert alarm == Alarm("drift", len(THOUGHT), "Chinese")
    assert count <= 300
    assert bark(QUESTION, "", CHINESE)[0].at == 0


def test_english_thoughts_behind_chinese_ones_are_a_drift() -> None:
    alarm, count = bark("火车走了多远？", CHINESE, THOUGHT + MORE)
    assert (alarm.kind, alarm.detail) == ("drift", "English")
    assert count <= 800


@pytest.mark.parametrize(
    ("question", "chain"),
    [
        ("Translate this sentence: the cat sleeps.", THOUGHT + CHINESE),
        ("Write a poem in Chinese about trains.", THOUGHT + CHINESE),
        ("What does 你好 mean?", THOUGHT + CHINESE),
        ("火车走了多远？", THOUGHT + MORE),
        (
            "请用 Python 写一个函数。",
            CHINESE + "```\n" + "if it has been so: return some_more(the, of, that)\n" * 20 + "```\n",
        ),
        ("请用 Python 写一个函数。", CHINESE + "\n".join(f"x{n} = max(y_{n}, z[{n}]) or False" for n in range(60))),
        ("27 + 43 = ?", CHINESE),
        ("A lot of people have been …", CHINESE),
        ("27 + 43 = ?", THOUGHT + MORE),
    ],
)
def test_what_the_question_allows_is_no_drift(question: str, chain: str) -> None:
    assert [alarm for alarm in Watchdog(question).feed(chain) if alarm.kind == "drift"] == []


def test_each_alarm_is_given_once() -> None:
    dog = Watchdog(QUESTION)
    dog.feed(THOUGHT + "no " * 400 + CHINESE)
    assert dog.feed("yes " * 400 + THOUGHT + CHINESE) == ()
    assert [alarm.kind for alarm in dog.alarms] == ["loop", "drift"]


# --- lines for a terminal --------------------------------------------------------------------------------------------


def test_moments_are_listed_as_json_a_line_each() -> None:
    reasoning = SUM + "\n\nWait, is that\tright? It is, yes."
    lines = list(list_moments(reasoning, as_json=True))
    assert [json.loads(line) for line in lines] == [
        {"start": 74, "end": 94, "kind": "verification", "effect": "confirmed", "text": "Wait, is that\tright?"}
    ]
    assert list(list_moments(reasoning, as_json=False)) == ["     74  verification  confirmed  Wait, is that right?"]


# --- real traces -----------------------------------------------------------------------------------------------------


def load(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CORPUS / name).read_text(encoding="utf-8").splitlines() if line]


def scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("score_moments", SCORER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def chains_of_corpus() -> list[tuple[dict[str, Any], str]]:
    span = scorer().reasoning_span
    return [(trace, trace["text"][slice(*span(trace["text"]))]) for trace in load("traces.jsonl")]


@with_corpus
@pytest.mark.parametrize(("folder", "f1"), [(CORPUS, 0.85), (CORPUS / "twice-annotated", 0.77)])
def test_moments_are_found_in_annotated_traces(folder: Path, f1: float) -> None:
    figures = scorer().score(folder, find_moments)  # `python -m benchmarks.moments` has the figures that count
    assert figures["f1"] >= f1
    assert figures["kind"] >= 0.78
    assert figures["effect"] >= 0.66


@with_corpus
def test_sentences_are_those_of_the_scorer() -> None:
    for _, chain in chains_of_corpus():
        if "```" in chain or re.search(r"[^\n。！？]{1900}", chain):
            continue  # a very long sentence is cut
        splitter = SentenceSplitter()
        mine = [(sentence.start, sentence.end) for sentence in [*splitter.feed(chain), *splitter.close()]]
        spans = scorer().sentences(chain)
        theirs = [
            (end - len(chain[start:end].lstrip()), start + len(chain[start:end].rstrip())) for start, end in spans
        ]
        assert mine == theirs


@pytest.mark.slow
@with_corpus
def test_any_chunking_of_a_real_chain_gives_the_same() -> None:
    for number, (_, chain) in enumerate(chains_of_corpus()):
        check_chunking(chain[:2_000], [1 + number % 7, 40, 3, 200 + number])
        check_cover(chain, find_steps(chain))


@pytest.mark.slow
@with_corpus
def test_the_watchdog_barks_at_loops_only() -> None:
    questions = {"en": "What do you think?", "zh": "你怎么看？", "mixed": ""}
    for trace, chain in chains_of_corpus():
        alarms = Watchdog(trace.get("prompt") or questions[trace["lang"]]).feed(chain + "\n")
        expected = ["loop"] if "loop" in trace["traits"] else []
        assert [alarm.kind for alarm in alarms] == expected, trace["id"]


def test_a_reader_goes_on_after_a_closed_copy_of_it_was_taken() -> None:
    text = TRACE_THAT_GOES_ON
    for cut in range(0, len(text), 7):
        reader = Reader()
        reader.feed(text[:cut])
        closed, whole = reader.closed(), read(text[:cut])
        assert (closed.moments, closed.steps, closed.scores) == (whole.moments, whole.steps, whole.scores)
        reader.feed(text[cut:])
        reader.close()
        assert (reader.moments, reader.steps) == (read(text).moments, read(text).steps)


TRACE_THAT_GOES_ON = (
    "So 40 + 35 = 75 minutes. Wait, that can't be right, since there are 60 minutes in an hour. Let me check again: "
    "75 - 60 = 15.\n\nSo it arrives at 12:15. Alternatively, maybe the table counts from the next station.\n\nHmm, is "
    "it 12:15? No, it is 13:15. 等等，这里好像不对。让我再检查一遍：75 - 60 = 15，所以是12点15分。"
)


# --- features --------------------------------------------------------------------------------------------------------


def test_the_features_looked_up_are_those_built_that_have_weights() -> None:
    chains_of_all_kinds = [chain.text for chain in chains(1)][::20]
    built: list[tuple[str, set[str], set[str], set[str]]] = []
    for text in [*chains_of_all_kinds, "对吗，", "好，，", "。？", "a, b, c", "为什么？”", ""]:
        for sentence in re.split(r"(?<=[.。?？\n])", text):
            seen = marks(sentence)
            built.append((sentence, seen, anywhere(seen), features(sentence, seen, anywhere(seen))))
    names = set().union(*(sentence_features for *_, sentence_features in built))
    known = {"bias", *sorted(names)[::2]}  # half of them, of every zone
    lookup = FeatureFinder(known)
    assert {name.partition(":")[0] for name in known} >= {"h", "b", "s", "c", "e", "bias"}
    for sentence, seen, anywhere_in_it, sentence_features in built:
        assert lookup.features(sentence, seen, anywhere_in_it) == sentence_features & known, sentence
