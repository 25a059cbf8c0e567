"""What an ordinary sentence states: words that belong to a number, a text behind its verb, a day, a remainder."""

from __future__ import annotations

import pytest

from r1chat.answers import final_answer
from r1chat.answers.spoken import is_part, plain
from r1chat.rewards import RightAnswer, accuracy
from r1chat.votes import group


def value(reply: str, reference: str) -> float | None:
    return accuracy(reply, RightAnswer.read(reference)).value


@pytest.mark.parametrize(
    "reply", ["minus 7", "The answer is negative 7.", "负7", "零下7度", "It is 7 degrees below zero."]
)
def test_sign_in_words_belongs_to_its_number(reply: str) -> None:
    assert (value(reply, "-7"), value(reply, "7")) == (1.0, 0.0)


def test_minus_between_two_numbers_is_an_operation() -> None:
    assert plain("20 minus 8 is 12, and x minus 7") == "20 minus 8 is 12, and x minus 7"
    assert value("So 20 minus 8 is 12.", "12") == 1.0
    assert value("It is the total minus 7.", "7") is None


def test_magnitude_belongs_to_its_number_unless_it_may_be_the_unit_asked_for() -> None:
    assert value("3 million people live there.", "3000000") == 1.0
    assert value("一共125万元。", "1250000") == 1.0
    assert value("She needs 24 / 12 = 2 dozen eggs", "2") is None
    assert value("3 million people live there.", "4") == 0.0


def test_length_per_time_is_a_speed() -> None:
    for reply in ("It goes 60 km per hour.", "60 kilometres every hour", "每小时行60千米。", "So it is 60 km an hour."):
        assert (value(reply, "60 km/h"), value(reply, "60"), value(reply, "60 km")) == (1.0, 1.0, 0.0), reply


def test_number_is_not_taken_out_of_the_words_that_change_it() -> None:
    for reply, number in (("10 squared", "10"), ("2 thirds", "2"), ("7 remainder 2", "2"), ("one and 1/2", "1/2")):
        start = reply.rindex(number)
        assert is_part(reply, start, start + len(number))
        assert value(reply, number) in (0.0, None)


def test_letter_that_leads_a_reply_wins_over_those_in_its_comment() -> None:
    for reply in (
        "D (though B would be true if x > 0)",
        "D. B would be right if x > 0.",
        "**D)** 12 (many students pick B)",
    ):
        assert (value(reply, "D"), value(reply, "B")) == (1.0, 0.0), reply
    assert value("A. That one is too small. So B is correct.", "A") is None


def test_text_behind_the_verb_of_the_closing_sentence_is_stated() -> None:
    for reply in ("The capital of France is Paris.", "So it is **Paris**.", "Paris (not Lyon)", "Paris – since 987."):
        assert (value(reply, "Paris"), value(reply, "Rome")) == (1.0, 0.0), reply
    assert value("Sure! The largest planet is **Jupiter**.", "Jupiter") == 1.0
    assert value("中国的首都是北京。", "北京") == 1.0
    assert value("The statement is true.", "False") == 0.0


def test_text_that_merely_occurs_is_undecided() -> None:
    for reply in (
        "Paris is the capital of France.",
        "It is not Paris.",
        "It is Lyon, though some say Paris.",
        "The capital is Rome. The largest city is Paris.",
        "The capital is Rome and the largest city is Paris.",
        "Is it Paris?",
        "It used to be Paris.",
        "Paris\nRome\nNice",
        "It is Paris or Rome.",
    ):
        assert value(reply, "Paris") is None, reply


def test_day_in_a_sentence_is_compared_in_any_order() -> None:
    for reply in ("The deadline is March 14, 2025.", "Friday, 14 March 2025", "截止日期是2025年3月14日。"):
        assert (value(reply, "March 14, 2025"), value(reply, "2025-03-15")) == (1.0, 0.0), reply
    for reply in ("It lasts from March 14, 2025 to March 20, 2025.", "Yesterday was March 14, 2025."):
        assert value(reply, "March 14, 2025") is None, reply


def test_quotient_and_remainder_are_compared_together() -> None:
    for reply in ("7 R 2", "The quotient is 7 and the remainder is 2.", "30÷4=7……2", "商7余2"):
        assert (value(reply, "7 remainder 2"), value(reply, "7 remainder 3")) == (1.0, 0.0), reply


def test_number_words_count_where_a_reply_ends_without_digits() -> None:
    assert final_answer("So she has twenty-one marbles.") == "21"
    assert value("小明有三十六颗糖。", "36") == 1.0
    assert value("No one knows.", "1") == 0.0
    assert value("5 + 7 = 12\nShe has two brothers.", "12") == 1.0


def test_number_beside_the_result_is_undecided() -> None:
    assert value("The area is 24 sq cm and the perimeter is 20 cm.", "24") is None
    assert value("So x = 3 and y = 2.", "2") is None
    assert value("The distance is 5 km (3.1 miles).", "5 km") == 1.0
    assert value("The distance is 5 km (3.1 miles).", "7 km") == 0.0


def test_equation_behind_a_purpose_states_the_result() -> None:
    assert (
        final_answer("She spent 30 minutes on one and 40 minutes on the other for a total of 30 + 40 = 70 minutes")
        == "70 minutes"
    )
    assert final_answer("He pays $5 because 20 * 0.25 = 5.") == "$5"


def test_spoken_and_written_numbers_vote_together() -> None:
    groups = group(["It is minus 7.", "-7", "The answer is 7.", "2h 15min", "It takes 2 hours and 15 minutes."])
    assert [voted.members for voted in groups] == [(0, 1), (3, 4), (2,)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "minus one ",
        "每小时60",
        "1 hour, ",
        "x is 3, ",
        "2:3:",
        "7 remainder ",
        "D. ",
        "*",
        "It is Paris. ",
        "5 km (3 miles) ",
        "March 14, ",
    ],
)
def test_hostile_sentence_is_read_in_linear_time(text: str) -> None:
    for reference in ("Paris", "March 14, 2025", "7 remainder 2", "x = 3, y = 2", "B", "2:3"):
        assert value(text * (100_000 // len(text)), reference) in (0.0, 1.0, None)
