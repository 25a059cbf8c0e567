"""From judgements to rows that are trained on, and rows that are set apart by conversation.

The rows are those of `r1chat export`, as text that the model itself would read and write; so everything that an export
refuses (replies that were cut off, sides that were preferred and are wrong by the reference) is left out here, too.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, get_args

from r1chat.backends.catalogue import Catalogue
from r1chat.backends.chat_template import R1_ASSISTANT
from r1chat.both import Both
from r1chat.errors import ExportError, NothingToExportError, RightAnswerError, TooLittleToSplitError, TrainingError
from r1chat.export import Format, Options, export, set_apart
from r1chat.export.options import Source
from r1chat.export.templates import TOKEN
from r1chat.files import plain
from r1chat.judgements import Check
from r1chat.learn.aspects import ASPECTS, Aspect, label, split_thought, weights
from r1chat.learn.runs import TrainingKind
from r1chat.reasoning_format import R1_FORMAT, ReasoningFormat
from r1chat.rewards import RightAnswer, check, shown
from r1chat.store import Store

FORMATS: dict[TrainingKind, Format] = {"prefer": "preference", "sft": "sft", "kto": "unpaired", "grpo": "grpo"}
_TAUGHT: dict[TrainingKind, str] = {
    "prefer": "chosen",
    "sft": "completion",
    "kto": "completion",
    "grpo": "solution",
}  # column
SOURCES: dict[TrainingKind, frozenset[Source] | None] = {
    "prefer": None,
    "sft": frozenset({"comparison", "correction", "thumbs", "verified"}),
    "kto": frozenset({"thumbs", "verified"}),
    "grpo": None,
}
APART = 0.2  # of the judgements
LEAST = 20  # rows that are trained on
SHOWS = 150  # rows that show a lift of about ten points
LONGEST = 1000  # tokens of a row's longer side with its prompt, where nobody says otherwise; longer ones are left out
_LONGEST_LINE = 16 << 20  # bytes of a row in a file


@dataclass(frozen=True, slots=True)
class TextRow:
    """A judgement as text. `rejected` is "" unless two replies were compared; `good` is the label of one.

    Of a question with a known answer there are `prompt` and `reference` alone. `marks`: 1 to 5 by aspect, 0 where none
    was given. `question`: the person's message that the prompt ends with; "" where it is not known.
    """

    prompt: str
    chosen: str
    rejected: str
    good: bool
    conversation: str
    digests: tuple[str, ...]
    models: tuple[str, ...]
    reference: RightAnswer | None = None
    marks: tuple[tuple[Aspect, int], ...] = ()
    question: str = ""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What there is to learn from. `solutions`: right answers by prompt, of conversations that are set apart.
    `questions`: the person's message by prompt, of all that is set apart; "" where it is not known.

    `others` counts judgements of other models by name; `contradictions` those that say the opposite of another one;
    `same` those that say of the same texts what another one says.
    `unusable`: why right answers cannot be checked, each of which is left out. `repeated` counts rows of a test file
    that are not set apart, since their prompt or conversation is trained on; `too_long` those that `fitting` left out,
    which have more than `longest` tokens.
    """

    rows: tuple[TextRow, ...]
    held: tuple[TextRow, ...]
    solutions: dict[str, RightAnswer] = field(default_factory=dict)
    questions: dict[str, str] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    contradictions: int = 0
    unusable: tuple[Both, ...] = ()
    repeated: int = 0
    too_long: int = 0
    longest: int = LONGEST
    same: int = 0

    @property
    def digest(self) -> str:
        """SHA-256 of what the rows teach, in their order."""
        digest = hashlib.sha256()
        for row in (*self.rows, *self.held):
            known = [row.reference.text, row.reference.kind] if row.reference else []
            digest.update(json.dumps([row.prompt, row.chosen, row.rejected, row.good, *known]).encode())
        return digest.hexdigest()


def write_rows(store: Store, catalogue: Catalogue | None, kind: TrainingKind, folder: Path) -> Path:
    """Write the judgements of a store into a run's folder, and the right answers; the data file. Raises ExportError.

    The data stay on this machine, so conversations whose export was refused are left out, and no others. What belongs
    to one conversation is set apart together.
    """
    file = folder / "data.jsonl"
    options = Options(thoughts="rendered", test=APART, sources=SOURCES[kind], local=True, redact=False)
    try:
        export(store, catalogue, FORMATS[kind], file, options)
    except NothingToExportError:
        raise _too_few(kind, 0) from None
    except TooLittleToSplitError:
        raise TrainingError(_ONE_CONVERSATION) from None
    try:
        export(
            store, catalogue, "grpo", folder / "answers.jsonl", Options(thoughts="rendered", local=True, redact=False)
        )
    except ExportError:  # there are none
        (folder / "answers.jsonl").unlink(missing_ok=True)
    return file


def read_rows(
    kind: TrainingKind,
    file: Path,
    digests: Iterable[str],
    names: Iterable[str],
    every_model: bool,
    by: str = "",
    form: ReasoningFormat = R1_FORMAT,
) -> TrainingData:
    """The rows of an export, less those of models other than the ones with these digests or names.

    `by`: the aspects whose marks label replies, see `aspects`. `form`: how the trained model marks its thought. A file
    `NAME.test.jsonl` beside it holds what is set apart; where there is none, conversations are set apart here.
    Raises TrainingError for a file that is no such export, or says nothing that can be learnt.
    """
    known, titles = set(filter(None, digests)), set(names)
    aspects = weights(by)
    everything, repeated = _by_marks(_parse(kind, file), aspects, form), 0
    test = set_apart(file)
    if test.exists():
        test_file_rows = _by_marks(_parse(kind, test), aspects, form)
        apart = _unseen(test_file_rows, everything)
        repeated = len(test_file_rows) - len(apart)
        if repeated and not apart:
            raise TrainingError(_NOTHING_UNSEEN.format(test=test.name, file=file.name))
    else:
        everything, apart = _split(everything)
    others: Counter[str] = Counter()

    def own(row: TextRow) -> bool:
        if every_model:
            return True
        digest, name = row.digests[0], row.models[0]
        if (digest in known) if digest and known else (not name or name in titles):
            return True
        others[f"{name} ({digest[:8]})" if digest and name in titles else name] += 1
        return False

    rows, test_rows = [row for row in everything if own(row)], [row for row in apart if own(row)]
    if not rows and not test_rows and others:
        raise TrainingError(_OTHER_MODELS.format(n=others.total(), names=", ".join(sorted(others))))
    answers = [*rows, *test_rows] if kind == "grpo" else _answers_beside(file, test_rows)
    faults = _faults(row.reference for row in answers if row.reference)
    unusable = [faults[row.reference] for row in answers if row.reference in faults]
    rows, test_rows = ([row for row in part if row.reference not in faults] for part in (rows, test_rows))
    agreed = set((_one_answer_each if kind == "grpo" else _without_contradictions)([*rows, *test_rows]))
    before = len(rows) + len(test_rows)
    rows, test_rows = [row for row in rows if row in agreed], [row for row in test_rows if row in agreed]
    contradictions = before - len(rows) - len(test_rows)
    before = len(rows) + len(test_rows)
    rows, test_rows = _distinct(rows, kind), _distinct(test_rows, kind)
    same = 0 if kind == "grpo" else before - len(rows) - len(test_rows)
    if contradictions and not rows:
        raise TrainingError(_CONTRADICTORY.format(n=contradictions))
    if kind == "grpo":
        answers = test_rows
    solutions = {row.prompt: row.reference for row in answers if row.reference and row.reference not in faults}
    questions = {row.prompt: row.question for row in (*answers, *test_rows)}
    return TrainingData(
        tuple(rows),
        tuple(test_rows),
        solutions,
        questions,
        others,
        contradictions,
        tuple(unusable),
        repeated,
        same=same,
    )


def _answers_beside(file: Path, test_rows: Sequence[TextRow]) -> list[TextRow]:
    """The right answers that `write_rows` wrote beside the data, of the conversations set apart."""
    answers, apart = file.with_name("answers.jsonl"), {row.conversation for row in test_rows}
    rows = []
    for _, line in _lines(answers) if answers.exists() else ():
        prompt, solution, conversation = (line.get(name) for name in ("prompt", "solution", "conversation"))
        if not isinstance(conversation, str) or conversation not in apart or line.get("solution_kind") == "tests":
            continue
        if isinstance(prompt, str) and isinstance(solution, str):
            reference = _reference(solution, line.get("solution_kind"))
            question = question_of(line)
            rows.append(TextRow(prompt, "", "", True, conversation, ("",), ("",), reference, question=question))
    return rows


def _faults(references: Iterable[RightAnswer]) -> dict[RightAnswer | None, Both]:
    """The right answers that cannot be checked, each with what it is, without its text.

    Raises CheckError where the process that checks does not start.
    """
    faults: dict[RightAnswer | None, Both] = {}
    for reference in set(references):
        try:
            check(reference)
        except RightAnswerError:
            faults[reference] = _WHAT.get(reference.kind, _EMPTY) if reference.text.strip() else _EMPTY
    return faults


def unusable_told(unusable: Sequence[Both]) -> Both:
    """A sentence on right answers that are left out: how many, and why the first one is.

    It stays in the run's status, so no text of an answer stands in it.
    """
    return _UNUSABLE.format(n=len(unusable), why=unusable[0])


class Tokenizer(Protocol):
    """What a model makes of a rendered prompt, and of a whole reply."""

    def prompt(self, text: str) -> list[int]: ...
    def completion(self, text: str) -> list[int]: ...


def fitting(gathered: TrainingData, tokenizer: Tokenizer, longest: int = LONGEST) -> TrainingData:
    """The rows of at most `longest` tokens, and the right answers and messages of prompts that are left; the others are
    counted.
    """

    def fits(row: TextRow) -> bool:
        replies = [tokenizer.completion(text) for text in (row.chosen, row.rejected) if text]
        return len(tokenizer.prompt(row.prompt)) + max(map(len, replies), default=0) <= longest

    rows, test_rows = (tuple(filter(fits, part)) for part in (gathered.rows, gathered.held))
    gone = {row.prompt for row in gathered.held} - {row.prompt for row in test_rows}
    return replace(
        gathered,
        rows=rows,
        held=test_rows,
        solutions={prompt: right for prompt, right in gathered.solutions.items() if prompt not in gone},
        questions={prompt: question for prompt, question in gathered.questions.items() if prompt not in gone},
        too_long=len(gathered.rows) + len(gathered.held) - len(rows) - len(test_rows),
        longest=longest,
    )


def too_long_told(gathered: TrainingData) -> list[Both]:
    """A sentence on rows that are left out for their length, if there are any."""
    return [_TOO_LONG.format(n=gathered.too_long, most=gathered.longest)] if gathered.too_long else []


def same_told(gathered: TrainingData) -> list[Both]:
    """A sentence on rows that say what others say, if there are any."""
    return [_SAME.format(n=gathered.same)] if gathered.same else []


def check_enough(gathered: TrainingData, kind: TrainingKind) -> Both | None:
    """A warning where the data show little. Raises TrainingError where there are too few, with numbers."""
    n, test_count = len(gathered.rows), len(gathered.held)
    if n < LEAST or not test_count:
        too_few = _too_few(kind, n + test_count).text
        reasons = [*too_long_told(gathered), *same_told(gathered)]
        if kind == "grpo" and gathered.unusable:
            reasons.append(unusable_told(gathered.unusable))
        raise TrainingError(Both.sentences([too_few, *reasons]))
    if kind == "kto" and len({row.good for row in gathered.rows}) < 2:
        raise TrainingError(_ONE_SIDED)
    if n + test_count < SHOWS and kind != "grpo":
        return _FEW.format(n=n + test_count, lift=lift(n + test_count), shows=SHOWS)
    return None


def choosing_part(gathered: TrainingData) -> tuple[TrainingData, tuple[TextRow, ...]]:
    """What to train on without a fifth of it, and that fifth: it chooses among trials, and what is set apart proves.

    Raises TrainingError where too little is left.
    """
    rows, choosing = _split(gathered.rows)
    if len(rows) < LEAST:
        least = math.ceil(LEAST / (1 - APART) ** 2)
        too_few = _TOO_FEW_TO_CHOOSE.format(n=len(gathered.rows) + len(gathered.held), least=least)
        raise TrainingError(Both.sentences([too_few, *too_long_told(gathered)]))
    return replace(gathered, rows=tuple(rows)), tuple(choosing)


def _too_few(kind: TrainingKind, n: int) -> TrainingError:
    text = _TOO_FEW_ANSWERS if kind == "grpo" else _TOO_FEW
    return TrainingError(text.format(n=n, least=round(LEAST / (1 - APART)), shows=SHOWS))


def lift(rows: int) -> int:
    """The least rise in points that so many judgements show: the half width of a 95 % interval on the part set apart.

    Measured by the share of judgements that are set apart, about half of them on either side before training.
    """
    sample_size = max(1.0, rows * APART)
    return int(min(50, round(100 * 1.96 * math.sqrt(0.25 / sample_size) / 1.8)))


def question_of(line: Mapping[str, Any]) -> str:
    """The person's last message of a row in a file; "" where it is not known.

    Rows of others, and of an older r1chat, have no `question`: there it is looked for in the prompt of three templates,
    and a prompt without anything that is spelled like a token is the message.
    """
    if isinstance(question := line.get("question"), str) and question:
        return question
    prompt = line.get("prompt")
    if not isinstance(prompt, str):
        return ""
    text = prompt.rpartition(R1_ASSISTANT)[0].rpartition("<｜User｜>")[2] if R1_ASSISTANT in prompt else prompt
    for start, end in (
        ("<|im_start|>user\n", "<|im_end|>"),
        ("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"),
    ):
        if start in text:
            text = text.rpartition(start)[2].partition(end)[0]
    return "" if TOKEN.search(text) else text.strip()


def _without_contradictions(rows: Sequence[TextRow]) -> list[TextRow]:
    """The rows but those to which another one says the opposite."""
    judgements = {(row.prompt, row.chosen, row.rejected, row.good) for row in rows}
    return [
        row
        for row in rows
        if (row.prompt, row.rejected, row.chosen, row.good) not in judgements
        and (row.rejected or (row.prompt, row.chosen, "", not row.good) not in judgements)
    ]


def _by_marks(rows: list[TextRow], by: Mapping[Aspect, float], form: ReasoningFormat) -> list[TextRow]:
    """Replies labelled by their marks; those without a mark that says something are left out."""
    if not by:
        return rows
    labelled_rows = []
    for row in rows:
        good = label(dict(row.marks), by)
        if good is None:
            continue
        thought, answer = split_thought(row.chosen, form) if set(by) == {"helpfulness"} else ("", row.chosen)
        labelled_rows.append(replace(row, prompt=row.prompt + thought, chosen=answer, good=good))
    return labelled_rows


def _one_answer_each(rows: Sequence[TextRow]) -> list[TextRow]:
    """The questions but those with two different answers."""
    answers: dict[str, set[RightAnswer | None]] = {}
    for row in rows:
        answers.setdefault(row.prompt, set()).add(row.reference)
    return [row for row in rows if len(answers[row.prompt]) == 1]


def _unseen(rows: Sequence[TextRow], trained: Sequence[TextRow]) -> list[TextRow]:
    """The rows that share no prompt and no conversation with those that are trained on."""
    prompts, conversations = {row.prompt for row in trained}, {row.conversation for row in trained} - {""}
    return [row for row in rows if row.prompt not in prompts and row.conversation not in conversations]


def _distinct(rows: Sequence[TextRow], kind: TrainingKind) -> list[TextRow]:
    """One row of what is taught: another one proves nothing more. Of problems, one of each prompt."""
    if kind == "grpo":
        return list({row.prompt: row for row in rows}.values())
    return list({(row.prompt, row.chosen, row.rejected, row.good): row for row in rows}.values())


def _split(rows: Sequence[TextRow]) -> tuple[list[TextRow], list[TextRow]]:
    """About a fifth set apart: whole conversations, and all that share a prompt with them."""
    if not rows:
        return [], []
    groups = _joined(rows)
    sizes = Counter(groups[row.prompt] for row in rows)
    apart: set[str] = set()
    count = 0
    for group in sorted(sizes, key=lambda group: hashlib.sha256(group.encode("utf-8", "replace")).hexdigest()):
        if count >= APART * len(rows):
            break
        apart.add(group)
        count += sizes[group]
    if len(apart) == len(sizes):
        raise TrainingError(_ONE_CONVERSATION)
    return [row for row in rows if groups[row.prompt] not in apart], [r for r in rows if groups[r.prompt] in apart]


def _joined(rows: Sequence[TextRow]) -> dict[str, str]:
    """The group of each prompt: conversations that share a prompt are one, named by the first of them in the alphabet.

    Union-find, in nearly linear time.
    """
    parents: dict[str, str] = {}

    def root(name: str) -> str:
        path = []
        while (parent := parents.setdefault(name, name)) != name:
            path.append(name)
            name = parent
        parents.update(dict.fromkeys(path, name))
        return name

    def names(row: TextRow) -> tuple[str, str]:
        prompt = f"prompt {row.prompt}"
        return (f"conversation {row.conversation}" if row.conversation else prompt), prompt

    for row in rows:
        first, last = sorted(map(root, names(row)))
        parents[last] = first
    return {row.prompt: root(names(row)[1]) for row in rows}


def _parse(kind: TrainingKind, file: Path) -> list[TextRow]:
    rows = []
    for number, line in _lines(file):
        prompt, chosen = line.get("prompt"), line.get(_TAUGHT[kind])
        rejected = line.get("rejected", "")
        texts = (prompt, chosen, rejected if kind == "prefer" else "")
        if isinstance(prompt, list):
            raise TrainingError(_MESSAGES.format(file=file.name))
        if (
            not all(isinstance(text, str) for text in texts)
            or (kind == "kto" and "label" not in line)
            or (kind == "prefer" and not rejected)
        ):
            raise TrainingError(_OTHER_FORMAT.format(file=file.name, number=number, format=FORMATS[kind]))
        good = _label(line["label"]) if kind == "kto" else True
        if good is None:
            raise TrainingError(_NO_LABEL.format(file=file.name, number=number, label=shown(json.dumps(line["label"]))))
        sides = ("chosen_", "rejected_") if kind == "prefer" else ("",)
        if kind == "grpo" and line.get("solution_kind") == "tests":
            continue  # training runs no programs
        reference = _reference(str(chosen), line.get("solution_kind")) if kind == "grpo" else None
        rows.append(
            TextRow(
                str(prompt),
                "" if reference else str(chosen),
                str(texts[2]),
                good,
                str(line.get("conversation", "")),
                tuple(str(line.get(f"{side}digest", "")) for side in sides),
                tuple(str(line.get(f"{side}model", "")) for side in sides),
                reference,
                tuple((aspect, _mark(line.get(aspect))) for aspect in ASPECTS),
                question_of(line),
            )
        )
    return rows


def _label(value: object) -> bool | None:
    """Whether a label says good: true or false, as a word, too, or 1 or 0; None for anything else."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return bool(value) if isinstance(value, (int, float)) and value in (0, 1) else None


def _mark(value: object) -> int:
    """A mark from 1 to 5; 0 for anything else."""
    return int(value) if isinstance(value, (int, float)) and 1 <= value <= 5 else 0


def _reference(text: str, kind: Any) -> RightAnswer:
    """A right answer; of the likeliest kind where the file names none that r1chat knows."""
    known = next((name for name in get_args(Check) if name == kind), None)
    return RightAnswer(text, known) if known else RightAnswer.read(text)


def _lines(file: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    """The objects of a JSON Lines file, with the numbers of their lines."""
    try:
        with plain(file, follow=True) as stream:
            for number, text in enumerate(iter(lambda: stream.readline(_LONGEST_LINE), b""), 1):
                if len(text) == _LONGEST_LINE:
                    raise ValueError
                if text.strip():
                    line = json.loads(text)
                    if not isinstance(line, dict):
                        raise ValueError
                    yield number, line
    except OSError as error:
        raise TrainingError(_NO_FILE.format(file=file, reason=error.strerror)) from None
    except (ValueError, RecursionError):
        raise TrainingError(_NOT_JSON.format(file=file.name)) from None


_TOO_FEW_TO_CHOOSE = Both(
    "{n} judgements can be used: too few for several trials, since a part of them must choose the best one and prove "
    "nothing; about {least} are the least. Train without --trials.",
    "可用的评价有 {n} 条：不足以做多次试验，因为其中一部分要用来选出最好的一次，不能再用于检验；至少约需 {least} 条。"
    "请去掉 --trials。",
)
_SAME = Both(
    "{n} judgements say of the same texts what others say, and do not count again.",
    "{n} 条评价与其他评价针对相同文本且结论相同，不重复计入。",
)
_TOO_LONG = Both(
    "{n} judgements are longer than {most} tokens with their prompt and are left out; r1chat train takes them with "
    "--longest, in more time and memory.",
    "{n} 条评价连同提示超过 {most} 个 token，已排除；r1chat train 可用 --longest 纳入它们，但需要更多时间和内存。",
)
_ONE_CONVERSATION = Both(
    "All judgements belong to one conversation, or to several that begin with the same message, so none can be set "
    "apart "
    "to see whether training helps. Judge replies in other conversations, too.",
    "所有评价都属于同一个对话，或属于以相同消息开头的对话，因此无法留出一部分来检验训练效果。请在其他对话中也作评价。",
)
_OTHER_MODELS = Both(
    "All {n} judgements are of other models, or of another file of this one: {names}. Train that model, judge "
    "replies of "
    "this one, or take them all the same with --every-model. Nothing was changed.",
    "全部 {n} 条评价都属于其他模型或该模型的其他文件：{names}。请训练那个模型，或评价此模型的回复，"
    "或用 --every-model 照样使用。没有做任何更改。",
)
_CONTRADICTORY = Both(
    "All {n} judgements contradict each other: of the same two replies both were preferred. The data page lists them; "
    "take back the wrong ones.",
    "全部 {n} 条评价互相矛盾：同样两条回复各自都被选为更好。数据页会列出它们；请撤回错误的评价。",
)
_TOO_FEW = Both(
    "{n} judgements can be used: too few to learn from. {least} are the least, and {shows} would show a lift of "
    "about 10 "
    "points. Nothing was trained.",
    "可用的评价有 {n} 条：太少，无法训练。至少需要 {least} 条；{shows} 条可以看出约 10 个百分点的提升。没有进行训练。",
)
_TOO_FEW_ANSWERS = Both(
    "{n} questions have a right answer: too few to learn from. {least} are the least. Nothing was trained.",
    "有参考答案的问题有 {n} 个：太少，无法训练。至少需要 {least} 个。没有进行训练。",
)
_UNUSABLE = Both(
    "{n} right answers cannot be checked and are left out: the first is {why}. The data page lists all right answers.",
    "{n} 个参考答案无法检查，已排除：第一个{why}。数据页列出了所有参考答案。",
)
_EMPTY = Both("empty", "为空")
_WHAT: Mapping[Check, Both] = {
    "pattern": Both("no regular expression", "不是有效的正则表达式"),
    "choice": Both("no choice", "不是选项"),
    "number": Both("no number", "不是数"),
    "expression": Both("no expression", "不是表达式"),
}
_FEW = Both(
    "{n} judgements show a lift of {lift} points or more; {shows} would show one of about 10.",
    "{n} 条评价能看出 {lift} 个百分点以上的提升；{shows} 条能看出约 10 个百分点。",
)
_ONE_SIDED = Both(
    "All thumbs point the same way: learning from labels needs likes and dislikes. Give some of the other kind, or use "
    "`sft`, which learns from what was liked.",
    "所有赞踩都是同一方向：从标签学习既需要赞也需要踩。请补充另一种，或用只学习被赞内容的 `sft`。",
)
_MESSAGES = Both(
    "{file} holds messages, and training needs text as the model reads it. Export with --thoughts rendered.",
    "{file} 里是消息，而训练需要模型所读的文本。请用 --thoughts rendered 导出。",
)
_OTHER_FORMAT = Both(
    "Line {number} of {file} is no row of the format {format}. Export with: r1chat export {format} --thoughts rendered",
    "{file} 第 {number} 行不是 {format} 格式的数据。请这样导出：r1chat export {format} --thoughts rendered",
)
_NO_LABEL = Both(
    "Line {number} of {file} has the label {label}, which is neither true nor false. Write true for a reply that is "
    "good and false for one that is bad.",
    "{file} 第 {number} 行的 label 是 {label}，既不是 true 也不是 false。好的回复请写 true，不好的请写 false。",
)
_NOTHING_UNSEEN = Both(
    "All rows of {test} are trained on too, so they cannot show whether training helps: it is the test set of an "
    "earlier export. Remove it, or export {file} again with --test 0.2.",
    "{test} 的每一行也都在训练数据中，因此无法检验训练效果：它是之前导出的测试集。请删除它，"
    "或用 --test 0.2 重新导出 {file}。",
)
_NO_FILE = Both("{file} cannot be read ({reason}). Check the path.", "无法读取 {file}（{reason}）。请检查路径。")
_NOT_JSON = Both(
    "{file} is no JSON Lines file. Export with a name that ends in .jsonl.",
    "{file} 不是 JSON Lines 文件。请用以 .jsonl 结尾的名字导出。",
)
