"""An answer that takes its result back is judged by the correction, or not at all; one that explains itself is not."""

from __future__ import annotations

import pytest

from r1chat.rewards import RightAnswer, accuracy
from r1chat.votes import group

PLAIN = [  # (reply, what it took back, what it says instead)
    ("The answer is 5. Wait, no: it is 6.", "5", "6"),
    ("The answer is 12.\n\nWait, that is wrong. It should be 14.", "12", "14"),
    ("So the answer is **30**.\n\nCorrection: **31**.", "30", "31"),
    ("The answer is 5.\n\nActually, let me recheck: 2+4 = 6. So it is 6.", "5", "6"),
    ("The answer is 9. Hmm, that is not right; the correct value is 8.", "9", "8"),
    ("\\boxed{5}. Wait, no, it is 6.", "5", "6"),
    ("$\\boxed{40}$\n\nSorry, I made a mistake: it should be $44$.", "40", "44"),
    ("The answer is 7?? No, 8.", "7", "8"),
    ("The final answer is: 15\n\nEdit: 16", "15", "16"),
    ("Some say the answer is 5. They are wrong. It is 6.", "5", "6"),
    ("The answer is 20 km. Scratch that, it's 25 km.", "20", "25"),
    ("The answer is 3, or rather 4.", "3", "4"),
    ("The answer is 1.5. Oops, it must be 2.5.", "1.5", "2.5"),
    ("Answer: 100\n\nOn second thought, 110.", "100", "110"),
    ("The answer is 6 - no, 7.", "6", "7"),
    ("答案是5。不对，应该是6。", "5", "6"),
    ("答案是5，不对，是6。", "5", "6"),
    ("答案：18\n\n更正：19", "18", "19"),
    ("答案是10个。等等，我算错了，应该是11个。", "10", "11"),
    ("最终答案是 24。\n\n抱歉，正确的结果是 26。", "24", "26"),
    ("\\boxed{8}。其实是9。", "8", "9"),
    ("答案是7。不，是8，而不是7。", "7", "8"),
    ("The answer is B. Wait, no, C.", "B", "C"),
    ("The answer is (A). Actually, it is (D).", "A", "D"),
    ("答案是A。不，应该是B。", "A", "B"),
]

UNCLEAR = [  # taken back, and what is meant instead is not said plainly, or not at all
    ("The answer is 5. Wait, that is wrong.", "5"),
    ("The answer is 5. Hmm, no, that gives 6 or 7.", "5"),
    ("The answer is 5. Actually, with 3 boxes of 4 there are more, and 2 are lost.", "5"),
    ("\\boxed{12}\n\nWait, I made a mistake in the second step, where 4 should have been squared.", "12"),
    ("The answer is Paris. Wait, no: Lyon.", "Paris"),
    ("Some say the answer is 5.", "5"),
    ("答案是5。不对。", "5"),
    ("答案是30。等等，如果有3个人，那么每人4个，剩2个。", "30"),
]

HEDGED = [  # (reply, an exact number that it does not state)
    ("The answer is at least 5.", "5"),
    ("The answer is at most $12$.", "12"),
    ("The answer is more than 20.", "20"),
    ("The answer is between 5 and 6.", "5"),
    ("The answer is between 5 and 6.", "6"),
    ("The answer is 5 if you ignore gravity.", "5"),
    ("The answer is 5 (if x > 0).", "5"),
    ("It is somewhere between 40 and 50.", "50"),
    ("答案是至少5个。", "5"),
    ("答案是5，如果不计摩擦。", "5"),
    ("答案在5到6之间。", "6"),
]

NOT_CHOSEN = [
    "A or B",
    "Both A and B",
    "It cannot be B",
    "Not B",
    "All but B",
    "The answer is A or B.",
    "不是B",
    "A或B",
]

STEADY = [  # explained, checked or set off against others, but not taken back: (reply, result)
    ("The answer is 5, not 6.", "5"),
    ("The answer is 5 rather than 6, because one is lost.", "5"),
    ("The answer is 5. One might think that it is 6, but that is wrong.", "5"),
    ("The answer is 5. Wait, let me check this: 2 + 3 = 5. Yes.", "5"),
    ("The answer is 5. If you wait 3 hours instead of 2, it stays 5.", "5"),
    ("\\boxed{12}\n\nNo other value works: 11 is too small and 13 too large.", "12"),
    ("\\boxed{7}\n\nThe common mistake is to count the corners twice, which gives 11.", "7"),
    ("The answer is about 18, because the rest is lost in 2 days.", "18"),
    ("The answer is not 5 but 6.", "6"),
    ("The answer is B. A is wrong because it is too small, and C is incorrect.", "B"),
    ("The answer is B.\n\n(A) says 5; this is wrong. (C) says 7; that is incorrect.", "B"),
    ("It can't be B, so A", "A"),
    ("B? No, C.", "C"),
    ("The correct answer is not (C) but (B)", "B"),
    ("Both (A) and (C) are false, which leaves (B)", "B"),
    ("The correct option is (B), not (C)", "B"),
    ("He saves $28 if he goes there.", "28"),
    ("The answer is 15. Let me verify: 15 + 5 = 20. So the total is 20. Correct.", "15"),
    ("The answer is 4. Sorry for the long explanation of 3 steps.", "4"),
    ("答案是5，而不是6。", "5"),
    ("答案是18个，苹果、梨等等一共3种。", "18"),
    ("答案是B。A不对，因为太小；C也错了。", "B"),
    ("The answer is 5.\n\nLet me double-check: 10 / 2 = 5. ✓", "5"),
    ("The answer is 90. That is not the same as 9.", "90"),
    ("The answer is C. It is not A, since A has 3 sides. It should be noted that B has 4.", "C"),
    ("The answer is 7. This is correct because 3 + 4 = 7. A mistake would be to take 3 × 4 = 12.", "7"),
    ("答案是40。检验：40÷8=5，正确。", "40"),
    ("答案是9。如果算成10，就错了。", "9"),
    ("答案是B。注意：C是错的，应该是3个而不是4个。", "B"),
    ("The answer is 6. No remainder is left: 6 × 4 = 24.", "6"),
    ("The answer is 250 g, or 0.25 kg.", "250 g"),
    ("The answer is Paris. Note that Lyon is the third largest city.", "Paris"),
    ("The answer is 3.\n\nWait for the paint to dry for 2 hours before the next 4 steps.", "3"),
    ("The answer is 120. Rather than adding, we multiply 10 by 12.", "120"),
    ("The answer is 4. Actually, this follows from 2 + 2 = 4.", "4"),
    ("#### 18", "18"),
    ("The answer is B. (A) would be right only if x = 2.", "B"),
]

CAUTIOUS = [  # words of retraction and other values, though nothing is taken back: never wrong
    (
        "\\boxed{36}\n\nWe assumed 12 boxes. Actually, any multiple of 12 would do as well, but it says 12.",
        "36",
    ),
    ("**Answer: 12 apples**\n\nIf you have 3 more questions, sorry, I can take only 2.", "12"),
]

# Of other wordings, written before the rule was: what was taken back is never right, what replaces it never wrong.
OTHERS = [
    ("The answer is 42. Oh wait, I forgot the first one: 43.", "42", "43"),
    ("I'd say the answer is 8. My bad, 9!", "8", "9"),
    ("The answer is 64. I misread the question. The result is 32.", "64", "32"),
    ("**Answer: 250**\n\n*Correction:* The correct answer is 260.", "250", "260"),
    ("The answer is 3/4. Let me redo that. 1/2 + 1/8 = 5/8. Therefore, it equals 5/8.", "3/4", "5/8"),
    (
        "\\boxed{\\frac{1}{2}}\n\nHold on. That cannot be right, as both coins count. It's \\(\\frac{1}{4}\\).",
        "1/2",
        "1/4",
    ),
    ("The answer is 17, I mean 19.", "17", "19"),
    ("The answer is $120. No wait, make that $130.", "120", "130"),
    ("#### 55\n\nThis is incorrect, it should be 56.", "55", "56"),
    ("The answer is 11.\n\nUpdate: after checking again, it is 12.", "11", "12"),
    ("The answer is 6. Strike that. 7.", "6", "7"),
    ("The answer was going to be 5, but the answer is 5. Hmm, actually 6.", "5", "6"),
    ("The answer is 70. I apologize, I added wrongly. The total is 71.", "70", "71"),
    ("The answer is 5 (sorry, 6).", "5", "6"),
    ("The answer is 90. Whoops, I dropped a minus sign, so −90.", "90", "-90"),
    ("答案是12。啊，我看错了题目，结果应为15。", "12", "15"),
    ("答案：3.5\n\n等一下，重新计算：7÷4=1.75。所以是1.75。", "3.5", "1.75"),
    ("所以答案是100元。说错了，是120元。", "100", "120"),
    ("\\boxed{36}\n\n不好意思，上面有误，正确答案是 38。", "36", "38"),
    ("答案是9。实际上，是10。", "9", "10"),
    ("答案是4，不不，是5。", "4", "5"),
    ("答案为6。纠正一下：答案为7。", "6", "7"),
    ("答案是二十。哦不，是二十一。", "20", "21"),
    ("The answer is C. Correction: D.", "C", "D"),
    ("The correct option is B. Hmm, wait. That's not right. It should be A.", "B", "A"),
    ("**Answer: A**\n\nSorry, I meant B.", "A", "B"),
    ("选B。不对，选C。", "B", "C"),
    ("答案是D。更正：应选A。", "D", "A"),
    ("The answer is 48. Hmm, wait a second. I counted one pair twice, so the total is 46.", "48", "46"),
    ("**Final answer: 7**\n\nWait — I should double-check. 3 + 5 = 8. So the answer should be 8.", "7", "8"),
    ("Answer: 2.5 hours. Actually no, 2.75 hours.", "2.5", "2.75"),
    ("The answer is $\\frac{2}{3}$. No, sorry, $\\frac{3}{4}$.", "2/3", "3/4"),
    ("\\boxed{1024}\n\nThat isn't right: 2^9 is 512. It should have been 512.", "1024", "512"),
    ("The solution is x = 3. Oh no, I lost a sign. x = -3.", "3", "-3"),
    ("The answer is 21. But that's wrong! The right value is 22.", "21", "22"),
    ("Option C is correct. No, wait: option D is correct.", "C", "D"),
    ("The answer is A.\n\nHold on, A ignores the second condition. It must be B.", "A", "B"),
    ("The answer is 14 (correction: 15).", "14", "15"),
    ("Final answer: 60 mph.\n\nMy mistake, it is 50 mph.", "60", "50"),
    ("The answer is 8.\n\nEDIT: I was wrong, the correct result is 9.", "8", "9"),
    ("Many people think the answer is 100, but it is 50.", "100", "50"),
    ("You might think the answer is 10. Really it is 9.", "10", "9"),
    ("答案是 6 只。啊不对，是 8 只。", "6", "8"),
    ("\\boxed{15}\n\n检查：我漏了一个，应该是16。", "15", "16"),
    ("答案：2/5。等等，这不对，应为3/5。", "2/5", "3/5"),
    ("正确答案是C。抱歉，我弄错了，是D。", "C", "D"),
    ("有人认为答案是3，其实是4。", "3", "4"),
    ("答案是50。修正：52。", "50", "52"),
    ("答案是75%。不好意思，是25%。", "75%", "25%"),
]


def value(reply: str, reference: str) -> float | None:
    return accuracy(reply, RightAnswer.read(reference)).value


@pytest.mark.parametrize(("reply", "before", "after"), PLAIN)
def test_plain_correction_counts_in_place_of_what_it_corrects(reply: str, before: str, after: str) -> None:
    assert (value(reply, before), value(reply, after)) == (0.0, 1.0)


@pytest.mark.parametrize(("reply", "before"), UNCLEAR)
def test_result_that_is_taken_back_without_a_plain_correction_is_undecided(reply: str, before: str) -> None:
    assert value(reply, before) is None
    assert value(reply, "B" if before == "A" else "977") is None
    assert not group([reply])


@pytest.mark.parametrize(("reply", "before", "after"), OTHERS)
def test_answer_in_other_words_is_never_judged_by_what_it_took_back(reply: str, before: str, after: str) -> None:
    assert value(reply, before) != 1.0
    assert value(reply, after) != 0.0


@pytest.mark.parametrize(("reply", "number"), HEDGED)
def test_number_that_is_hedged_is_undecided_where_an_exact_one_is_right(reply: str, number: str) -> None:
    assert value(reply, number) is None


@pytest.mark.parametrize("reply", NOT_CHOSEN)
def test_choice_that_is_denied_or_one_of_several_is_not_chosen(reply: str) -> None:
    assert value(reply, "B") != 1.0


@pytest.mark.parametrize(("reply", "result"), STEADY)
def test_result_that_is_explained_or_set_off_against_others_stands(reply: str, result: str) -> None:
    assert value(reply, result) == 1.0


@pytest.mark.parametrize(("reply", "result"), CAUTIOUS)
def test_result_that_stands_among_words_of_retraction_is_never_wrong(reply: str, result: str) -> None:
    assert value(reply, result) != 0.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "The answer is 5. Wait, no: it is 6. ",
        "\\boxed{5} ",
        "no, ",
        " ",
        "\n",
        "not 6 ",
        "at least ",
        "between 5 and ",
        "5 or ",
        "some say the answer is ",
        "不对，",
        "let me check ",
        "((",
    ],
)
def test_hostile_retractions_are_read_in_linear_time(text: str) -> None:
    many = text * (200_000 // len(text))
    for reply in (many, f"The answer is 5{many[:3_900]}", rf"\boxed{{5}}. Wait, no {many}", f"{many} or B"):
        for reference in ("5", "B", "Paris"):
            assert value(reply, reference) in (0.0, 1.0, None)
