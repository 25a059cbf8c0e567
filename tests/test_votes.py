"""Votes: answers that say the same are counted together."""

from hypothesis import given, settings
from hypothesis import strategies as st

from r1chat.votes import MOST_COMPARED, AnswerGroup, group


def test_answers_in_other_spellings_are_counted_together() -> None:
    answers = [
        r"So it is \boxed{\frac{1}{2}}.",
        "The answer is 0.5.",
        r"\boxed{2}",
        "答案是 50%。",
        r"We get \(1/2\).",
    ]
    assert group(answers) == [AnswerGroup(r"\frac{1}{2}", (0, 1, 3, 4)), AnswerGroup("2", (2,))]


def test_formulas_are_counted_together_by_mathematics() -> None:
    answers = [r"\boxed{x^2+2x+1}", r"\boxed{x^2+1}", r"\boxed{(x+1)^2}", r"\boxed{1 + 2x + x^2}"]
    assert group(answers) == [AnswerGroup("x^2+2x+1", (0, 2, 3)), AnswerGroup("x^2+1", (1,))]


def test_largest_group_comes_first_and_of_equal_ones_the_first_seen() -> None:
    answers = ["The answer is 1.", "The answer is 2.", "The answer is 3.", "The answer is 3.", "The answer is 2."]
    assert [answer_group.answer for answer_group in group(answers)] == ["2", "3", "1"]


def test_failed_and_empty_samples_are_in_no_group() -> None:
    assert group([None, "", "The answer is 5.", r"\boxed{}", None]) == [AnswerGroup("5", (2,))]
    assert group([None, ""]) == []
    assert group([]) == []


def test_choices_and_prose_are_counted_by_what_they_say() -> None:
    answers = ["The answer is (B).", "**B**", "The answer is A.", "B. Paris"]
    assert group(answers) == [AnswerGroup("(B)", (0, 1, 3)), AnswerGroup("A", (2,))]
    assert group(["Paris", "**Paris**", "London"]) == [AnswerGroup("Paris", (0, 1)), AnswerGroup("London", (2,))]


def test_hostile_samples_split_no_other_group() -> None:
    hostile = [rf"\boxed{{9^{{9^{{9^{{{top}}}}}}}}}" for top in (7, 8, 9)]
    answers = [*hostile, r"\boxed{x^2+2x+1}", r"\boxed{5}", r"\boxed{(x+1)^2}", "The answer is 5."]
    groups = group(answers)
    assert [answer_group.members for answer_group in groups[:2]] == [(3, 5), (4, 6)]
    assert sorted(member for answer_group in groups for member in answer_group.members) == list(range(7))
    assert [answer_group.undecided for answer_group in groups] == [False, False, True, True, True]


def test_of_very_many_answers_the_same_text_is_counted_together_and_no_more_is_compared() -> None:
    assert MOST_COMPARED < 200 * 199 / 2
    answers = [str(number) for number in range(200)] * 2 + ["3/2", "1.5"]
    groups = group(answers)
    assert [answer_group.members for answer_group in groups[:2]] == [(0, 200), (1, 201)]
    assert [len(answer_group.members) for answer_group in groups[-2:]] == [1, 1]


def test_votes_of_the_most_samples_with_thirty_answers_are_compared_by_mathematics() -> None:
    answers = [f"{number}/4" for number in range(1, 31)] + [str(number / 4) for number in range(1, 31)]
    assert all(len(answer_group.members) == 2 for answer_group in group(answers))


@given(st.lists(st.sampled_from(["1", "2", "1.0", "x = 2", r"\frac{2}{2}", "A", "", "Paris"]), max_size=12))
@settings(max_examples=100, deadline=None)
def test_every_answer_is_in_one_group_at_most(answers: list[str]) -> None:
    groups = group(answers)
    members = [member for answer_group in groups for member in answer_group.members]
    assert sorted(members) == [index for index, answer in enumerate(answers) if answer]
    assert all(list(answer_group.members) == sorted(answer_group.members) for answer_group in groups)
    assert [len(answer_group.members) for answer_group in groups] == sorted(
        (len(answer_group.members) for answer_group in groups), reverse=True
    )


def test_lists_of_large_sets_of_integers_are_left_undecided_before_they_take_long() -> None:
    answers = [
        ", ".join(rf"\{{x \in \mathbb{{Z}}: -{240 - k - j} \le x \le {240 - k}\}}" for k in range(20)) for j in range(4)
    ]
    assert [len(answer_group.members) for answer_group in group(answers)] == [1, 1, 1, 1]  # two of them took a minute
    closed, half_open = (rf"\boxed{{\{{x \in \mathbb{{Z}}: -200 {sign} x \le 200\}}}}" for sign in (r"\le", "<"))
    assert [answer_group.members for answer_group in group([closed, half_open, closed])] == [(0, 2), (1,)]
    assert len(group([half_open, half_open.replace("-200 <", r"-199 \le")])) == 1
