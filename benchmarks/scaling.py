"""How time grows with every number that a file from elsewhere can choose: `python -m benchmarks.scaling [NAME …]`.

For each dimension (messages of a conversation, raters, columns of a table, …) data folders with n and with 4n things
are made, and every step of `benchmarks.walk` is taken over both: all routes, what people do, exports, commands. Printed
are the steps whose processor time matters, with the exponent log(t2 / t1) / log(4): 1 is linear, 2 quadratic. A step is
marked `!` where it grows faster than linear and takes long, and `HANGS` where it was ended. The whole run takes some
ten minutes of an idle computer; `--all` prints every step, `--list` the dimensions.

A folder as `r1chat restore` would take it is written row by row, so that a dimension may be one that no page offers.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import multiprocessing
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from benchmarks import folders
from benchmarks.folders import Rows
from benchmarks.walk import newest, opened, steps
from r1chat.backends.gguf import read_header
from r1chat.config import nano_model

FACTOR = 4
STEEP = 1.4  # an exponent above it is not linear
MATTERS = 0.3  # seconds of the larger size from which a step is looked at
LIMIT = 60.0  # processor seconds after which a step is ended
MOST_HANGING = 4  # steps of a dimension that may hang before the rest of it is left out

Fill = Callable[[Path, int], None]


@dataclass(frozen=True, slots=True)
class Dimension:
    """What makes a data folder with `count` things of a kind, and how many the smaller one has."""

    name: str
    count: int
    fill: Fill


@dataclass(frozen=True, slots=True)
class Figure:
    """Processor seconds of a step at the smaller and the larger size, and the growth of memory at its peak in MB."""

    step: str
    small: float
    large: float
    memory: float = 0.0

    @property
    def exponent(self) -> float:
        """log(large / small) / log(FACTOR); what takes less than a millisecond counts as one."""
        return math.log(max(self.large, 0.001) / max(self.small, 0.001)) / math.log(FACTOR)

    @property
    def mark(self) -> str:
        """HANGS, ! or nothing."""
        if math.isinf(self.large):
            return "HANGS"
        return "!" if self.large > MATTERS and self.exponent > STEEP else ""


# --- the dimensions --------------------------------------------------------------------------------------------------


def _conversations(rows: Rows, count: int) -> None:
    for _ in range(count):
        _, exchanges = rows.talk(1)
        rows.rating(exchanges[0][1])


def _deep(rows: Rows, count: int) -> None:
    _, exchanges = rows.talk(count)
    for turn, reply in exchanges:
        rows.rating(reply)
        rows.verification(reply, rows.reference(turn))


def _wide(rows: Rows, count: int) -> None:
    turn = rows.turn(rows.conversation())
    reference = rows.reference(turn)
    for _ in range(count):
        reply = rows.reply(turn)
        rows.rating(reply)
        rows.verification(reply, reference)


def _judged_in_a_row(rows: Rows, count: int) -> None:
    """Messages with three replies each, of one vote and one line of parents, all of them compared and labelled."""
    conversation, parent, last = rows.conversation(), None, None
    for _ in range(count):
        turn = rows.turn(conversation, parent)
        replies = []
        for _ in range(3):
            last = rows.reply(turn, vote_id="ab" * 16, parent_id=last, kept_reasoning=5, origin="resumed")
            replies.append(last)
        for left, right in itertools.combinations(replies, 2):
            rows.comparison(turn, left, right)
        reference = rows.reference(turn)
        for reply in replies:
            rows.verification(reply, reference)
            rows.moment_label(reply, 0, 5)
            rows.step_label(reply)
        parent = replies[-1]


def _one_vote(rows: Rows, count: int) -> None:
    turn = rows.turn(rows.conversation())
    rows.reference(turn)
    for _ in range(count):
        rows.reply(turn, vote_id="ab" * 16, origin="vote")


def _branches(rows: Rows, count: int) -> None:
    conversation, exchanges = rows.talk(2)
    for _ in range(count):
        turn = rows.turn(conversation, exchanges[0][1])
        rows.rating(rows.reply(turn))


def _first_branches(rows: Rows, count: int) -> None:
    conversation = rows.conversation()
    for _ in range(count):
        rows.rating(rows.reply(rows.turn(conversation)))


def _parents(rows: Rows, count: int) -> None:
    """Replies that each were made from the one before."""
    turn = rows.turn(rows.conversation())
    parent = None
    for _ in range(count):
        parent = rows.reply(turn, parent_id=parent, kept_reasoning=3, origin="resumed")


def _corrections(rows: Rows, count: int) -> None:
    turn = rows.turn(rows.conversation())
    first = rows.reply(turn)
    for _ in range(count):
        rows.reply(turn, parent_id=first, origin="corrected")


def _comparisons(rows: Rows, count: int) -> None:
    turn = rows.turn(rows.conversation())
    replies = [rows.reply(turn) for _ in range(max(3, math.isqrt(2 * count)))]
    pairs = ((left, right) for place, left in enumerate(replies) for right in replies[:place])
    for number, (left, right) in zip(range(count), pairs, strict=False):
        rows.comparison(turn, left, right, ("left", "right", "tie")[number % 3])


def _chain_of_comparisons(rows: Rows, count: int) -> None:
    turn = rows.turn(rows.conversation())
    replies = [rows.reply(turn) for _ in range(count)]
    for left, right in itertools.pairwise(replies):
        rows.comparison(turn, left, right)


def _one_pair(rows: Rows, count: int) -> None:
    turn = rows.turn(rows.conversation())
    left, right = rows.reply(turn), rows.reply(turn, model="another")
    for number in range(count):
        rows.comparison(turn, left, right, ("left", "right")[number % 2], rater=f"r{number}")


def _of_one_reply(rows: Rows, count: int) -> None:
    """Judgements of every kind of one reply, by one rater and by many."""
    turn = rows.turn(rows.conversation())
    thought = "Wait, let me check. " * 50
    reply = rows.reply(turn, reasoning=thought)
    other = rows.reply(turn)
    for number in range(count):
        rater = f"r{number}"
        rows.rating(reply, rater=rater, thumb=("up", "down")[number % 2], comment=f"c{number}", helpfulness=3)
        rows.rating(reply, part="thought", rater="ann")
        rows.step_label(reply, rater=rater, verdict="first_wrong", start=number % 900, end=number % 900 + 5)
        rows.moment_label(reply, number % 900, number % 900 + 5, rater=rater)
        rows.verification(reply, rows.reference(turn, str(number), rater=rater))
        excluded = rows.comparison(turn, reply, other, rater=rater)
        rows.add("exclusion", subject_id=excluded, excluded=True, reason="no", rater=rater, created_at=rows.now)
        rows.consent()


def _names(rows: Rows, count: int) -> None:
    """Everything that has a name has another one each time."""
    for number in range(count):
        turn = rows.turn(rows.conversation(model=f"b{number}:m{number}", preset=f"p{number}", system=f"s{number}"))
        columns = {"model": f"m{number}", "digest": f"{number:064x}", "backend": f"b{number}", "preset": f"p{number}"}
        columns |= {"quantisation": f"q{number}", "system": f"s{number}", "template_hash": f"t{number}"}
        left = rows.reply(turn, **columns)
        right = rows.reply(turn, **{**columns, "model": f"m{number + 1}", "preset": f"p{number + 1}"})
        rows.comparison(turn, left, right, rater=f"r{number}")
        rows.rating(left, rater=f"r{number}")
        rows.preset(f"p{number}")


def _same_question(rows: Rows, count: int) -> None:
    """One message in many conversations, with the same replies, judged in two ways."""
    for number in range(count):
        turn = rows.turn(rows.conversation())
        left, right = rows.reply(turn, answer="It is 70."), rows.reply(turn, answer="It is 60.")
        rows.comparison(turn, left, right, ("left", "right")[number % 2])
        rows.rating(left, thumb=("up", "down")[number % 2])


def _words(rows: Rows, count: int) -> None:
    _, exchanges = rows.talk(1)
    text = " ".join(f"w{number}" for number in range(count))
    rows.rating(rows.reply(exchanges[0][0], answer=text, reasoning=text))


def _personal(rows: Rows, count: int) -> None:
    text = "\n".join(
        f"Mail a{n}@example.com, +49 30 {100_000 + n}, sk-{n:048x}, 4111 1111 1111 1111." for n in range(count)
    )
    _text(rows, text)


def _text(rows: Rows, text: str) -> None:
    """A text as message, thought and answer, with a judgement of each kind."""
    conversation = rows.conversation(title=text[:300])
    turn = rows.turn(conversation, content=text)
    left = rows.reply(turn, answer=text, reasoning=text)
    right = rows.reply(turn, answer=f"{text}.", reasoning=text)
    rows.verification(right, rows.reference(turn, text[:4_000], kind="text"))
    rows.comparison(turn, left, right)
    rows.rating(right)


def _later(rows: Rows, count: int) -> None:
    text = "Wait, let me check. " * count
    places = [[7 * n % len(text), 7 * n % len(text)] for n in range(min(count, 200))]
    _, exchanges = rows.talk(1)
    rows.rating(rows.reply(exchanges[0][0], answer=text, reasoning=text, later=json.dumps(places)))


def _wide_table(count: int) -> str:
    return "|" + "a|" * count + "\n|" + "-|" * count + "\n|" + "b|" * count


TEXTS: dict[str, tuple[int, Callable[[int], str]]] = {
    "lines": (10_000, lambda n: "a line\n" * n),
    "blank lines": (20_000, lambda n: "\n" * n),
    "one line": (30_000, lambda n: "word " * n),
    "one word": (100_000, lambda n: "w" * n),
    "Chinese": (50_000, lambda n: "三加四等于七。" * (n // 7)),
    "paragraphs": (3_000, lambda n: "A paragraph of words.\n\n" * n),
    "moments": (3_000, lambda n: "Wait, let me check that again. Hmm, no.\n\n" * n),
    "code blocks": (1_500, lambda n: "```python\nprint(1)\n```\n\n" * n),
    "open code block": (10_000, lambda n: "```python\n" + "print(1)\n" * n),
    "formulas": (1_000, lambda n: "So $x^2 + y_1$ and \\(\\frac{1}{2}\\).\n\n" * n),
    "formulas of a paragraph": (1_000, lambda n: "$x^2$ " * n),
    "one formula": (3_000, lambda n: "$$" + "x^2 + " * n + "1$$"),
    "open formulas": (5_000, lambda n: "\\( x \\[ $ " * n),
    "boxed": (2_000, lambda n: "\\boxed{70} " * n),
    "rows of a table": (1_000, lambda n: "|a|b|\n|-|-|\n" + "|1|2|\n" * n),
    "columns of a table": (1_000, _wide_table),
    "tables": (500, lambda n: "|a|b|\n|-|-|\n|1|2|\n\n" * n),
    "list items": (2_000, lambda n: "- item\n" * n),
    "nested list": (100, lambda n: "".join("  " * level + "- item\n" for level in range(n))),
    "numbered list": (2_000, lambda n: "".join(f"{i}. item\n" for i in range(1, n + 1))),
    "quotes": (2_000, lambda n: "> quoted\n\n" * n),
    "nested quotes": (1_000, lambda n: ">" * n + " deep"),
    "headings": (2_000, lambda n: "# heading\n\n" * n),
    "links": (1_000, lambda n: "[a link](https://example.org/a) " * n),
    "addresses": (1_000, lambda n: "https://example.org/a " * n),
    "references": (1_000, lambda n: "".join(f"[r{i}]: https://example.org/{i}\n" for i in range(n)) + "[r1] " * n),
    "emphasis": (3_000, lambda n: "*a **b** c* " * n),
    "stars": (10_000, lambda n: "*a" * n),
    "brackets": (10_000, lambda n: "[" * n),
    "backticks": (500, lambda n: "".join("`" * i + "a" for i in range(1, math.isqrt(20 * n)))),
    "entities": (10_000, lambda n: "&amp;&#8238;" * n),
    "tags": (5_000, lambda n: "<b>a</b><think></think>" * n),
    "numbers": (5_000, lambda n: " ".join(str(i * 7919) for i in range(n))),
    "digits": (30_000, lambda n: "7" * n),
    "a sum": (3_000, lambda n: "+".join(["7"] * n) + " = ?"),
    "calculations": (2_000, lambda n: "".join(f"{i} + 1 = {i + 1}\n" for i in range(n))),
    "bidi marks": (20_000, lambda n: "\u202ea\u2066" * n),
    "combining marks": (30_000, lambda n: "a" + "\u0301" * n),
    "emoji": (10_000, lambda n: "👩‍👩‍👧‍👦" * n),
}  # fmt: skip


def _rows(fill: Callable[[Rows, int], None]) -> Fill:
    def made(folder: Path, count: int) -> None:
        with Rows(folder) as rows:
            fill(rows, count)

    return made


def _of_text(make: Callable[[int], str]) -> Fill:
    return _rows(lambda rows, count: _text(rows, make(count)))


def _beside_talk(fill: Fill) -> Fill:
    """A folder with one conversation, and what `fill` puts beside the database."""

    def made(folder: Path, count: int) -> None:
        with Rows(folder) as rows:
            rows.talk(1)
        fill(folder, count)

    return made


def _runs(folder: Path, count: int) -> None:
    for number in range(count):
        folders.evaluation(folder, f"run{number}", 5, 1)


def _curves(folder: Path, count: int) -> None:
    for number in range(count):
        folders.curve(folder, f"curve{number}", 5)


def _problems(folder: Path, count: int) -> None:
    folders.evaluation(folder, "run", count, 1)
    folders.evaluation(folder, "other run", count, 1)


def _samples(folder: Path, count: int) -> None:
    folders.evaluation(folder, "run", 10, count)
    folders.evaluation(folder, "other run", 10, count)


def _trainings(folder: Path, count: int) -> None:
    for number in range(count):
        folders.training(folder, f"run{number}", 5)


def _adapters(folder: Path, count: int) -> None:
    files = folder / "models" / "adapters"
    files.mkdir(parents=True)
    for number in range(count):
        shutil.copy(nano_model(), files / f"child{number}.gguf") if not number else (
            files / f"child{number}.gguf"
        ).write_bytes(b"GGUF")
        (files / f"child{number}.json").write_text(json.dumps({"run": f"run{number}", "state": "done"}))


def _models(folder: Path, count: int) -> None:
    (folder / "models").mkdir(parents=True)
    for number in range(count):
        (folder / "models" / f"m{number}.gguf").symlink_to(nano_model())


def _model_folders(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / "models" / f"f{number}" / "g").mkdir(parents=True)


DIMENSIONS = (
    Dimension("conversations", 300, _rows(_conversations)),
    Dimension("messages in a row", 100, _rows(_deep)),
    Dimension("judged messages in a row", 40, _rows(_judged_in_a_row)),
    Dimension("replies to a message", 150, _rows(_wide)),
    Dimension("samples of a vote", 100, _rows(_one_vote)),
    Dimension("branches", 200, _rows(_branches)),
    Dimension("first messages", 200, _rows(_first_branches)),
    Dimension("replies made from another", 400, _rows(_parents)),
    Dimension("corrections of a reply", 150, _rows(_corrections)),
    Dimension("comparisons of a message", 200, _rows(_comparisons)),
    Dimension("comparisons in a chain", 150, _rows(_chain_of_comparisons)),
    Dimension("comparisons of a pair", 300, _rows(_one_pair)),
    Dimension("judgements of a reply", 200, _rows(_of_one_reply)),
    Dimension("names", 150, _rows(_names)),
    Dimension("one question many times", 200, _rows(_same_question)),
    Dimension("words", 10_000, _rows(_words)),
    Dimension("personal data", 300, _rows(_personal)),
    Dimension("later thoughts", 50, _rows(_later)),
    *(Dimension(f"text: {name}", count, _of_text(make)) for name, (count, make) in TEXTS.items()),
    Dimension("evaluations", 50, _beside_talk(_runs)),
    Dimension("curves", 50, _beside_talk(_curves)),
    Dimension("points of a curve", 500, _beside_talk(lambda folder, n: folders.curve(folder, "curve", n))),
    Dimension("problems of an evaluation", 500, _beside_talk(_problems)),
    Dimension("samples of a problem", 200, _beside_talk(_samples)),
    Dimension("trainings", 50, _beside_talk(_trainings)),
    Dimension("lines of a log", 2_000, _beside_talk(lambda folder, n: folders.training(folder, "run", n))),
    Dimension("adapters", 50, _beside_talk(_adapters)),
    Dimension("models", 50, _beside_talk(_models)),
    Dimension("folders of models", 300, _beside_talk(_model_folders)),
    Dimension("servers", 5, _beside_talk(folders.servers)),
)


# --- measuring -------------------------------------------------------------------------------------------------------


def measured(dimension: Dimension, limit: float = LIMIT) -> list[Figure]:
    """The figures of all steps, taken in a process of its own; one that hangs is ended and begun again without it."""
    skipped: set[str] = set()
    times: dict[str, dict[int, tuple[float, float]]] = {}
    while True:
        here, there = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(target=_child, args=(dimension, skipped, there))
        child.start()
        there.close()
        running, since, worker = "", 0.0, psutil.Process(child.pid)
        with suppress(EOFError):
            idle = 0  # seconds of the clock without a word
            while idle < 20 * limit and _spent(worker) - since < limit:
                idle += 1
                if not here.poll(1.0):
                    continue
                idle = 0
                kind, step, count, *cost = here.recv()
                running, since = (step if kind == "begun" else ""), _spent(worker)
                if kind == "done":
                    times.setdefault(step, {}).setdefault(count, (cost[0], cost[1]))
        hung = child.is_alive() and bool(running)
        child.kill()
        child.join()
        here.close()
        if not hung:
            break
        times.setdefault(running, {})[count] = (math.inf, 0.0)
        skipped.add(running)
        if len(skipped) >= MOST_HANGING:
            break
    counts = dimension.count, FACTOR * dimension.count
    nothing = (0.0, 0.0)
    figures = []
    for step, by_count in times.items():
        (small, _), (large, memory) = (by_count.get(count, nothing) for count in counts)
        figures.append(Figure(step, small, math.inf if math.isinf(small) else large, memory))
    return figures


def _spent(process: psutil.Process) -> float:
    """The processor seconds of a process; the clock would count what else runs on the computer."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _child(dimension: Dimension, skipped: set[str], report: Connection) -> None:
    """Fill folders of three sizes, the first to have everything loaded, and report the time of each step."""
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    for count in (2, dimension.count, FACTOR * dimension.count):
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as scratch:
            dimension.fill(Path(folder), count)
            names = newest(Path(folder))
            begin = time.process_time()
            with opened(Path(folder)) as (app, client):
                report.send(("done", "opening", count, time.process_time() - begin, 0.0))
                for name, step in steps(Path(folder), app, client, names, Path(scratch)):
                    if name in skipped:
                        continue
                    report.send(("begun", name, count))
                    before = _reset_peak()
                    begin = time.process_time()
                    try:
                        step()
                    except Exception as error:
                        print(
                            f"    {dimension.name} ({count}), {name}: {type(error).__name__}: {error}"[:300], flush=True
                        )
                    report.send(("done", name, count, time.process_time() - begin, _peak() - before))


def _reset_peak() -> float:
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> float:
    """The most memory that this process had since it was last asked to forget that, in MB; 0 where nobody tells."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1000
    return 0.0


def printed(dimension: Dimension, figures: list[Figure], everything: bool) -> Iterator[str]:
    """A table of the steps that matter, the steepest first."""
    counts = f"{dimension.count:,} → {FACTOR * dimension.count:,}"
    slowest = max(figures, key=lambda figure: figure.large, default=Figure("-", 0, 0))
    yield f"{dimension.name} ({counts}): slowest {slowest.step} {slowest.large:.2f} s"
    for figure in sorted(figures, key=lambda figure: (not figure.mark, -figure.large)):
        if everything or figure.mark:
            cost = f"{figure.small:8.3f} s {figure.large:8.3f} s {figure.memory:7.0f} MB"
            yield f"  {figure.mark:5} {figure.exponent:5.2f} {cost}  {figure.step}"


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("names", nargs="*", help="dimensions whose name begins so; default: all")
    cli.add_argument("--times", type=float, default=1.0, help="sizes in place of the usual ones, as a factor")
    cli.add_argument("--limit", type=float, default=LIMIT, help="processor seconds after which a step is ended")
    cli.add_argument("--all", action="store_true", help="every step, not only those that are marked")
    cli.add_argument("--list", action="store_true")
    args = cli.parse_args()
    chosen = [dimension for dimension in DIMENSIONS if not args.names or dimension.name.startswith(tuple(args.names))]
    if args.list:
        print(*(dimension.name for dimension in chosen), sep="\n")
        return
    read_header(nano_model())  # what every child needs is loaded before it is forked
    marked = 0
    for dimension in chosen:
        sized = replace(dimension, count=max(1, round(dimension.count * args.times)))
        figures = measured(sized, args.limit)
        marked += sum(bool(figure.mark) for figure in figures)
        print(*printed(sized, figures, args.all), sep="\n", flush=True)
    print(f"{marked} marked, in {len(chosen)} dimensions")


if __name__ == "__main__":
    main()
