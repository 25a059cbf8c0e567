"""Final answers are found where models put them, and compared by what they say; hostile ones end as undecided."""

import json
import os
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import forked
import pytest
from forked import CODE
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fuzz_answers import mutated, rows
from r1chat.answers import choice, choices, compare, equivalent, final_answer, occurs
from r1chat.errors import CheckError
from r1chat.rewards import RightAnswer, accuracy

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"


# --- where the final answer stands -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "final"),
    [
        (r"So the result is \boxed{42}.", "42"),
        (r"\boxed{1}, no: \boxed{2}", "2"),
        (r"The roots are $\boxed{1}$ and $\boxed{-2}$.", "1, -2"),
        (r"Hence $x = \boxed{2}$ or $x = \boxed{3}$.", r"x = 2 \text{ or } x = 3"),
        (r"It is \boxed{10}. Wait, I forgot one: \boxed{11}.", "11"),
        (r"\boxed{\frac{\sqrt{2}}{2}} in all", r"\frac{\sqrt{2}}{2}"),
        (r"\[ \boxed{\left\{ 1, 2 \right\}} \]", r"\left\{ 1, 2 \right\}"),
        (r"\boxed{\text{B}}", "B"),
        (r"\boxed{a \boxed{b}}", r"a \boxed{b}"),
        (r"The set { is open, \boxed{7}", "7"),
        (r"first \boxed{5}, then \boxed{6 and the text breaks", "5"),
        (r"\boxed 5 is it", "5"),
        (r"\boxed{3", "3"),
        (r"The answer is 9, so \boxed{8}, which is 7.", "8"),
    ],
)
def test_last_box_wins(answer: str, final: str) -> None:
    assert final_answer(answer) == final


@pytest.mark.parametrize(
    ("answer", "final"),
    [
        ("The answer is 18.", "18"),
        ("Half of 36 is 18, so the final answer is 18. I checked it 2 times.", "18"),
        ("**Answer:** 52 hours", "52 hours"),
        ("**Final Answer:** $x = 5$", "x = 5"),
        ("The answer is **12.5**.", "12.5"),
        ("The answer is therefore $12.50.", "$12.50"),
        ("The answer is about 18, because the rest is lost in 2 days.", "18"),
        ("The answer is not obvious. We get 7.", "7"),
        ("The correct answer is (C) 45 degrees.", "(C) 45 degrees"),
        ("The correct option is **B**.", "B"),
        ("答案是 35。", "35"),
        ("所以答案为：三十五个。", "三十五个"),
        ("答案是18个苹果，因为每人有2个。", "18个苹果"),
        ("故选：B", "B"),
        ("He has 3 * 6 = <<3*6=18>>18 in 2 weeks.\n#### 18", "18"),
        ("<answer> 58 - 9 </answer> as 3 of us found", "58 - 9"),
        ("The answer is $x = 3$ and $y = 4$.", "x = 3 and y = 4"),
        ("The answer is 5! = 120.", "120"),
        ("The answer is not 5; it is 6.", "6"),
        ("### Final Answer\n\nThe train needs **3 hours** for the 240 km.", "3 hours"),
        ("**Answer**\n\n$$x = -4$$\n\nCheck it by substitution.", "x = -4"),
        ("答：小明一共有 12 个苹果。", "12"),
        ("答案：A、C", "A、C"),
    ],
)
def test_announced_answer_is_found(answer: str, final: str) -> None:
    assert final_answer(answer) == final


@pytest.mark.parametrize(
    ("answer", "final"),
    [
        ("27 + 43 = 70", "70"),
        ("x = 5", "x = 5"),
        ("(1, 2)", "(1, 2)"),
        (r"So the probability is \(\frac{1}{2}\).", r"\frac{1}{2}"),
        ("Thus\n\\[\nx = 1 + 2 = 3\n\\]", "3"),
        ("She makes $18 every day.", "$18"),
        ("It costs 1,234.50 dollars in total", "1,234.50 dollars"),
        ("So Wendy earned **$10** for 50 minutes of work.", "$10"),
        ("Thus $f(2) = 7$, so the value that was asked for is $7$ (and not 8).", "7"),
        ("Each ticket costs $12.50, so two cost $25.", "$25"),
        ("It takes her 2 hours and 30 minutes.", "2 hours and 30 minutes"),
        ("该三角形的面积为24平方厘米。", "24平方厘米"),
        ("No, because 91 = 7 · 13.", "No, because 91 = 7 · 13"),
        ("Yes, she has 12 apples.", "Yes, she has 12 apples"),
        ("The chance is 25%.", "25%"),
        ("So b is -5.", "-5"),
        ("10-5 makes 5", "5"),
        ("一共有３５个苹果。", "３５"),
        ("That is 72 in all.\n\nGreat job! You did it like a champion.", "72"),
        ("Paris", "Paris"),
        ("It was founded 2000 years ago by fishermen from all around the place.\n\n**Paris**", "Paris"),
        ("C", "C"),
    ],
)
def test_answer_that_is_not_announced_stands_at_the_end(answer: str, final: str) -> None:
    assert final_answer(answer) == final


@pytest.mark.parametrize(
    "answer",
    [
        "",
        " \n ",
        r"\boxed{}",
        "🙂",
        "1. Look left.\n2. Look right.\nThen walk over the street.\nStay alert all the time.\nHave a safe trip!",
        "```python\nprint(3)\n```",
        "I would rather not say anything about this, since it depends on what one believes.",
    ],
)
def test_answer_without_a_result_has_none(answer: str) -> None:
    assert final_answer(answer) is None


def test_several_choices_are_a_set_of_letters() -> None:
    for text in ("AC", "A、C", "C, A", "(A) and (C)", r"\text{A、C}"):
        assert choices(text) == {"A", "C"}, text
    for text in ("", "AA", "ABK", "A cat", "ace"):
        assert choices(text) == frozenset(), text


def test_choice_is_read_off_its_letter() -> None:
    read = {text: choice(text) for text in ("B", "(B)", "B. Paris", "B) 45", r"\text{B}", "选B", "option B", "**B**")}
    assert set(read.values()) == {"B"}
    assert [choice(text) for text in ("Because", "A dog", "K", "B2", "", "b", "A.5")] == [None] * 7


# --- what is the same ------------------------------------------------------------------------------------------------

SAME = [
    # plain numbers
    ("1/2", "0.5"),
    (r"\frac12", "1/2"),
    (r"\dfrac{1}{2}", "½"),
    (r"50\%", "1/2"),
    ("50%", "50"),
    ("1,234", "1234"),
    ("1{,}234", "1 234"),
    ("１２", "12"),
    ("−3", "-3"),
    ("1 1/2", "3/2"),
    (r"1\frac{1}{2}", "1½"),
    ("2e-3", "0.002"),
    ("1.5×10³", r"1.5 \times 10^3"),
    ("3 million", "3,000,000"),
    ("0.333333", "1/3"),
    ("27 + 43 = 70", "70"),
    # Chinese numerals
    ("三十五", "35"),
    ("三十五个", "35"),
    ("一百零五", "105"),
    ("两千零二十四", "2024"),
    ("二〇二四", "2024"),
    ("三万五千", "35000"),
    ("3万元", "30000"),
    ("百分之五十", "50%"),
    ("三分之一", "1/3"),
    ("三点一四", "3.14"),
    ("两个半小时", "150分钟"),
    ("5个半小时", "5.5 h"),
    ("半个小时", "30 minutes"),
    ("三天半", "84小时"),
    ("一年半", "1.5年"),
    # a hyphen between letters is a minus
    ("y=2x+1", "2x-y+1=0"),
    ("3ab-cd", "-cd+3ab"),
    ("12 t-shirts", "12"),
    # units
    ("12 apples", "12"),
    (r"5\text{ cm}", "5"),
    ("5 cm²", "5"),
    ("$18", "18 dollars a day"),
    ("90°", "90 degrees"),
    # names and mark-up
    ("x = 5", "5"),
    (r"$\boxed{x = 5}$", r"x = \frac{10}{2}"),
    ("Paris", "**paris.**"),
    (r"\text{Paris}", "Paris"),
    ("No", "no."),
    ("(A)", "A. Paris"),
    # formulas
    (r"\sqrt{8}", "2√2"),
    ("x^2+2x+1", "(x+1)^2"),
    ("x²+1", "1 + x**2"),
    ("(1,2)", "(1, 2)"),
    ("1, 2", "2, 1"),
    ("x=1 or x=2", "x=2 或 x=1"),
    ("pi/4", r"\frac{\pi}{4}"),
    ("sin(x)", r"\sin x"),
    ("y = 2x+1", "y = 1+2x"),
    (r"\frac{1}{\sqrt{2}}", r"\frac{\sqrt{2}}{2}"),
    (r"\left(3, \frac{\pi}{2}\right)", "(3, π/2)"),
]

DIFFERENT = [
    ("x = 5", "y = 5"),
    ("5 cm", "5 m"),
    ("两个半小时", "120分钟"),
    ("三点半", "3.5"),
    ("半径", "0.5"),
    ("y=2x-1", "2x-y+1=0"),
    ("0.33", "1/3"),
    ("50", "1/2"),
    ("A", "B"),
    ("三角形", "三边形"),
    ("三角形", "3"),
    ("一样多", "1"),
    ("5x", "5"),
    (r"2\pi", "2"),
    ("2 sin x", "2"),
    ("5 million", "5"),
    ("5 or 6", "5"),
    ("[0,1]", "[0,1)"),
    ("(1,2)", "(2,1)"),
    ("1, 2", "12"),
    ("1 2", "12"),
    ("3.14", r"\pi"),
    ("5!", "5"),
    ("x+1", "x-1"),
    ("Paris", "London"),
    ("Paris", "5"),
    ("", "5"),
    ("", ""),
]


CASES = rows()


@pytest.mark.parametrize("kind", sorted({row["kind"] for row in CASES}))
def test_cases_of_a_kind_are_judged_as_a_person_judges_them(kind: str) -> None:
    wrong = [
        row
        for row in CASES
        if row["kind"] == kind
        and accuracy(row["reply"], RightAnswer.read(row["reference"])).value != float(row["right"])
    ]
    assert not wrong


UNDECIDED = [
    (r"9^{9^{9^{9}}}", "5"),
    ("9**9**9**9", "5"),
    (r"\int_0^1 f(x)\,dx", "5"),
    (r"\sum_{i=1}^{10^{12}} \sin i", "5"),
    ("(" * 500 + "1" + ")" * 500, "5"),
    ("5 boxes", "5 kg"),
]


@pytest.mark.parametrize(("answer", "reference"), UNDECIDED)
def test_answer_beyond_what_can_be_read_or_computed_is_undecided(answer: str, reference: str) -> None:
    assert compare(answer, reference) is None
    assert compare(reference, answer) is None
    assert compare(answer, answer) is True


NEIGHBOURS = [
    (r"1.6 \times 10^{-19}", r"3.2 \times 10^{-19}"),
    (r"2^{-60}", r"2^{-61}"),
    (r"10^{100}\sqrt{2} + 1", r"10^{100}\sqrt{2}"),
    (r"e^{-300}", "0"),
    (r"\frac{1}{2006!}", r"\frac{1}{2004!}"),
    ("1 - 10^{-40}", "1"),
    (r"2^{1000}+1", r"2^{1000}"),
    ("1.5", "15"),
    ("5!", "5"),
    ("2, 3", "23"),
    ("[1, 2)", "(1, 2)"),
    ("80:00", "8:00"),
    (r"\{1, 2\}", "(1, 2)"),
    ("0.5%", "0.5"),
    ("-a = 2, b = 3", "a = 2, b = 3"),
    (r"\begin{pmatrix} \pm 1 \\ 2 \end{pmatrix}", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
]


@pytest.mark.parametrize(("a", "b"), NEIGHBOURS)
def test_near_values_and_look_alikes_are_told_apart(a: str, b: str) -> None:
    assert compare(a, b) is False
    assert compare(b, a) is False


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(-400, 400))
@settings(max_examples=100, deadline=None)
def test_scale_changes_no_verdict(a: int, b: int, power: int) -> None:
    scaled = [rf"{number} \times 10^{{{power}}}" for number in (a, b)]
    assert compare(scaled[0], scaled[1]) is (a == b)
    roots = [rf"\sqrt{{2}} \cdot {number} \cdot 10^{{{power}}}" for number in (a, b)]
    assert compare(roots[0], roots[1]) is (a == b)


@pytest.mark.parametrize(("a", "b"), SAME)
def test_same_answer_in_another_spelling(a: str, b: str) -> None:
    assert equivalent(a, b)
    assert equivalent(b, a)


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_other_answer_is_told_apart(a: str, b: str) -> None:
    assert not equivalent(a, b)
    assert not equivalent(b, a)


@pytest.mark.slow
@given(st.fractions(max_denominator=10**6), st.fractions(max_denominator=10**6))
@settings(max_examples=100, deadline=None)
def test_fractions_agree_exactly_when_they_are_equal(a: Fraction, b: Fraction) -> None:
    latex = rf"\frac{{{a.numerator}}}{{{a.denominator}}}"
    assert equivalent(latex, f"{a.numerator}/{a.denominator}")
    assert equivalent(latex, str(b)) == (a == b)


@given(st.integers(-(10**12), 10**12))
@settings(max_examples=100, deadline=None)
def test_integer_is_found_again_however_it_is_announced(number: int) -> None:
    for answer in (
        rf"\boxed{{{number:,}}}",
        f"The answer is {number}.",
        f"答案是{number}。",
        f"So it is {number:,} in all.",
    ):
        final = final_answer(answer)
        assert final is not None
        assert equivalent(final, str(number)), answer


@pytest.mark.slow
@given(st.text(st.sampled_from("\\boxed{}$()[] 0123456789=./%,xA答案是\n*-^"), max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_the_reading_of_answers(text: str) -> None:
    final = final_answer(text)
    assert final is None or (final.strip() and equivalent(final, f" {final} "))


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="the problems in ../shared/data are not here")
def test_gsm8k_solutions_end_in_their_answers() -> None:
    lines = (DATA / "gsm8k_test.jsonl").read_text(encoding="utf-8").splitlines()
    solutions = [json.loads(line)["answer"] for line in lines]
    assert len(solutions) == 1319
    for solution in solutions:
        right = solution.rpartition("####")[2].strip()
        final = final_answer(solution)
        assert final is not None
        assert equivalent(final, right), solution
        assert not equivalent(final, f"{right}1"), solution


@pytest.mark.skipif(not DATA.exists(), reason="the problems in ../shared/data are not here")
def test_cmath_answers_are_found_in_chinese_sentences() -> None:
    lines = (DATA / "cmath_dev.jsonl").read_text(encoding="utf-8").splitlines()
    for right in (json.loads(line)["golden"] for line in lines):
        final = final_answer(f"先算 3 + 4 = 7，再相加。\n\n因此，答案是{right}个。")
        assert final is not None
        assert equivalent(final, right), right


# --- what is hostile -------------------------------------------------------------------------------------------------

HOSTILE = [
    "9**9**9**9",
    r"9^{9^{9^{9^{9}}}}",
    "7" * 10_000,
    "1e999999999",
    "9" * 399 + "e99",
    "(" * 500 + "1" + ")" * 500,
    "{" * 400,
    r"\frac{" * 150 + "1",
    r"\sqrt{" * 150 + "2" + "}" * 150,
    "x^{" * 200 + "2" + "}" * 200,
    r"\sum_{i=1}^{10^{12}} \sin i",
    "__import__('os').system('exit 1')",
    "\x00\ud800",
    "\\" * 900,
    "$" * 900,
    "a=" * 450,
    "A(" * 30 + "1" + ")" * 30,
    "A(1 h and " * 40,
    r"\begin{pmatrix}" + r"\pm" * 30 + r"1\end{pmatrix}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_formula_is_taken_for_nothing_else(text: str) -> None:
    assert not equivalent(text, r"x + \sqrt{2}")


@pytest.mark.slow
def test_mutated_answers_are_read_without_an_error() -> None:
    for reply, reference in mutated(300, seed=5):
        assert accuracy(reply, RightAnswer.read(reference)).value in (0.0, 1.0, None)


def test_verdict_does_not_depend_on_how_deep_the_caller_stands() -> None:
    formula = "+".join(["(x+1)(x-1)"] * 20)

    def deep(levels: int) -> bool | None:
        return deep(levels - 1) if levels else compare(formula, "20x^2 - 20")

    assert deep(300) is True


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{" * 30_000,
        "{" * 100_000 + r"\boxed{5",
        "answer is " * 20_000,
        "*" * 200_000,
        "x" + ")" * 200_000,
        r"\boxed{" * 20_000 + "5" + "}" * 20_000,
        "." * 200_000,
        " " * 200_000,
    ],
)
def test_hostile_answer_is_read_in_linear_time(text: str) -> None:
    final = final_answer(text)
    assert final is None or len(final) <= 200_000
    assert not equivalent(text, "5")


def test_hostile_pattern_comes_back_without_a_verdict() -> None:
    assert occurs(r"(a|a)*b", "a" * 200, seconds=0.2) is None
    assert occurs(r"^\d+$", "42") is True
    assert occurs(r"^\d+$", "x") is False


@pytest.mark.parametrize(
    ("answer", "reference", "same"),
    [
        ("x^2/2 + C", r"\frac{x^2}{2} + K", True),
        (r"\sin^2 x + C", r"-\cos^2 x + C", True),
        (r"\ln|2x| + C", r"\ln x + C", True),
        ("e^x - x + C", "C + e^x - x + 5", True),
        ("x^2/2 + C", "x^2 + C", False),
        (r"\tan x + C", r"\sec x + C", False),
        ("x^2/2", "x^2/2 + C", False),  # the constant is missing
        ("x + 1 + c", "x + 2 + c", False),  # a parameter, not a constant of integration
    ],
)
def test_indefinite_integrals_may_differ_by_a_constant(answer: str, reference: str, same: bool) -> None:
    assert compare(answer, reference) is same


@pytest.mark.parametrize(
    ("answer", "reference", "same"),
    [
        (r"x \equiv 3 \pmod 7", r"x \equiv 10 \pmod{7}", True),
        (r"x \equiv -4 \pmod 7", r"x \equiv 3 \pmod 7", True),
        (r"x \equiv 3 \pmod 7", r"x \equiv 4 \pmod 7", False),
        (r"x \equiv 3 \pmod 7", r"x \equiv 3 \pmod{14}", False),
    ],
)
def test_congruences_agree_up_to_their_modulus(answer: str, reference: str, same: bool) -> None:
    assert compare(answer, reference) is same


def test_broken_pattern_is_explained() -> None:
    with pytest.raises(CheckError, match="not a regular expression: unterminated character set"):
        occurs("[", "")


def test_patterns_and_formulas_are_checked_in_many_threads_at_once() -> None:
    verdicts: dict[int, bool] = {}

    def ask(number: int) -> None:
        same = equivalent(rf"\sqrt{{{number * number * 2}}}", rf"{number if number % 2 else 0}\sqrt{{2}}")
        verdicts[number] = same and occurs(rf"^{number}$", str(number)) is True

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(3, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == {number: bool(number % 2) for number in range(3, 11)}


@pytest.mark.slow
def test_importing_votes_and_rewards_loads_no_mathematics() -> None:
    code = "import sys, r1chat.votes, r1chat.rewards; print(*{'mpmath', 'pint'} & set(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, timeout=120, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == ""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the system has no /proc to find a child in")
@pytest.mark.parametrize("end", ["pass", "os.kill(os.getpid(), 9)"], ids=["end", "kill"])
def test_checker_is_gone_when_the_app_is(end: str) -> None:
    code = f"""if True:
        import os
        from r1chat.answers import occurs
        assert occurs('a', 'cat')
        print(open(f'/proc/self/task/{{os.getpid()}}/children').read(), flush=True)
        {end}
    """
    ended = forked.run(CODE, code)
    (child,) = ended.stdout.split()
    assert _ends(int(child)), ended.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent in another way here")
def test_interrupted_question_leaves_no_answer_for_the_next() -> None:
    code = """if True:
        import os, signal, threading
        from r1chat.answers import occurs
        assert occurs('a', 'cat')
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            occurs('(a|a)*b', 'a' * 200)
            print('it was not interrupted')
        except KeyboardInterrupt:
            print(occurs('a', 'cat'), occurs('b', 'cat'))
    """
    process = forked.run(CODE, code)
    assert process.stdout.split() == ["True", "False"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
@pytest.mark.slow
def test_forked_process_has_a_checker_of_its_own() -> None:
    code = """if True:
        import os
        from r1chat.answers import occurs
        assert occurs('a', 'cat')
        forked = os.fork()
        verdicts = [occurs(f'^{n}$', f'{n + 1 - n % 2}') for n in range(1, 9)]
        assert verdicts == [bool(n % 2) for n in range(1, 9)]
        if not forked:
            os._exit(0)
        assert os.waitpid(forked, 0)[1] == 0
    """
    done = forked.run(CODE, code)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_checker_that_does_not_start_says_what_to_do() -> None:
    code = """if True:
        import sys
        from r1chat.answers import occurs
        from r1chat.errors import CheckError
        sys.executable = 'nowhere'
        try:
            occurs('a', 'cat')
        except CheckError as error:
            print(error)
    """
    process = forked.run(CODE, code)
    assert process.stdout.startswith("Patterns cannot be checked: the process that searches for them did not start.")


def _ends(process: int) -> bool:
    """Does a process that is no child of ours end within half a minute?"""
    for _ in range(300):
        try:
            status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except OSError:
            return True
        if status == "Z":
            return True
        threading.Event().wait(0.1)
    return False
