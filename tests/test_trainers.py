"""TRL's own trainers take an export as it is, and train on the thought from its first to its last token."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from site_driver import CHROMIUM, Browser, Site, expect
from taught import BAD_SUM, CORRECTED, RIGHT, SUM, TIMES, WRONG, WRONG_STEP, teach

from r1chat.rewards import trl_reward

os.environ["HF_HUB_OFFLINE"] = "1"  # before the hub's client is imported: nothing here asks anybody outside

MISSING = [name for name in ("torch", "trl", "datasets", "pyarrow") if find_spec(name) is None]
pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install 'r1chat[train]')"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),  # of gradio's dependencies
    # TRL 1.16 still sets and reads what transformers 5.23 calls `activation_checkpointing`.
    pytest.mark.filterwarnings(r"ignore:`(is_)?gradient_checkpointing\w*` is deprecated:FutureWarning:transformers"),
]

EOS = "<｜end▁of▁sentence｜>"


def _rendered(reply: tuple[str, str]) -> str:
    return f"{reply[0]}\n</think>\n\n{reply[1]}"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    from tiny_model import DROPS, KEEPS, save_tiny_model

    folder = tmp_path_factory.mktemp("models")
    return {
        "keeps": str(save_tiny_model(folder / "keeps", KEEPS)),
        "drops": str(save_tiny_model(folder / "drops", DROPS)),
    }


@pytest.fixture(scope="module")
def exports(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What a person gets who judges some replies and exports them in every format, all by clicks.

    The files are called `<format>-<thoughts>.jsonl`, and `.parquet`.
    """
    folder = tmp_path_factory.mktemp("exports")
    site = Site(browser, tmp_path_factory.mktemp("site"))
    teach(site)
    page = site.open()
    page.goto(re.sub(r"/\?.*|/$", "", page.url) + "/data")
    for name, thoughts in EXPORTS:
        for suffix in ("jsonl", "parquet"):
            page.locator("[name=format]").select_option(name)
            page.locator("[name=thoughts]").select_option(thoughts)
            page.locator("[name=suffix]").select_option(f".{suffix}")
            page.locator("#export").get_by_role("button", name="Export").click()
            link = page.locator("#job").get_by_role("link", name=f"{name}.{suffix}", exact=True)
            expect(link).to_be_visible()
            with page.expect_download() as download:
                link.click()
            download.value.save_as(folder / f"{name}-{thoughts}.{suffix}")
    yield folder
    site.down()
    assert site.outside == []
    assert site.broken == []


def _load(folder: Path, name: str, cache: Path, suffix: str = "jsonl") -> Any:
    from datasets import load_dataset

    kind = {"jsonl": "json", "parquet": "parquet"}[suffix]
    return load_dataset(kind, data_files=str(folder / f"{name}.{suffix}"), split="train", cache_dir=str(cache))


def _trainer(kind: str, model: str, data: Any, folder: Path, **options: Any) -> Any:
    """TRL's trainer of that name, two steps long; its default `max_length` of 1,024 tokens would cut answers off."""
    import trl

    if kind == "GRPO":
        options |= {"num_generations": 2, "max_completion_length": 16}
        rewards = {"reward_funcs": options.pop("reward_funcs")}
    else:
        options |= {"max_length": None}
        rewards = {}
    args = getattr(trl, f"{kind}Config")(
        output_dir=str(folder),
        max_steps=2,
        logging_steps=1,
        per_device_train_batch_size=2,
        use_cpu=True,
        bf16=False,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        **options,
    )
    return getattr(trl, f"{kind}Trainer")(model=model, args=args, train_dataset=data, **rewards)


def _trained_texts(trainer: Any) -> set[str]:
    """What the trainer's batches put a loss on, read back from the tokens."""
    texts: set[str] = set()
    for batch in trainer.get_train_dataloader():
        if "labels" in batch:
            mask = batch["labels"] != -100
        else:
            mask = batch.get("completion_mask", batch["attention_mask"]).bool()
        texts |= {
            trainer.processing_class.decode(ids[row_mask])
            for ids, row_mask in zip(batch["input_ids"], mask, strict=True)
        }
    return texts


def _losses(trainer: Any) -> list[float]:
    trainer.train()
    return [line["loss"] for line in trainer.state.log_history if "loss" in line]


EXPORTS = [
    *((name, thoughts) for name in ("preference", "preference-implicit", "unpaired", "sft", "grpo", "stepwise")
      for thoughts in ("rendered", "full")),
    ("openai", "full"),
]  # fmt: skip
TRAINERS = {"DPO": "preference", "KTO": "unpaired", "Reward": "preference-implicit", "SFT": "sft"}
REPLIES = {  # by format: which reply is in it, and the message that it answers
    "preference": {RIGHT: TIMES, WRONG: TIMES, CORRECTED: SUM, BAD_SUM: SUM},
    "preference-implicit": {RIGHT: TIMES, WRONG: TIMES, CORRECTED: SUM, BAD_SUM: SUM},
    "unpaired": {RIGHT: TIMES, BAD_SUM: SUM},
    "sft": {RIGHT: TIMES, CORRECTED: SUM},
}


def _before(kind: str, question: str, end: str = "") -> str:
    """What a trainer puts a loss on before the reply: nothing, but where it scores the dialogue as a whole."""
    return f"<｜begin▁of▁sentence｜><｜User｜>{question}<｜Assistant｜>{end}" if kind == "Reward" else ""


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
@pytest.mark.parametrize(("name", "thoughts"), EXPORTS)
def test_datasets_loads_every_format(name: str, thoughts: str, suffix: str, exports: Path, tmp_path: Path) -> None:
    columns = {
        "preference": {"prompt", "chosen", "rejected"},
        "preference-implicit": {"chosen", "rejected", "margin"},
        "unpaired": {"prompt", "completion", "label"},
        "sft": {"prompt", "completion"},
        "grpo": {"prompt", "solution", "solution_kind"},
        "stepwise": {"prompt", "completions", "labels"},
        "openai": {"input", "preferred_output", "non_preferred_output"},
    }
    data = _load(exports, f"{name}-{thoughts}", tmp_path, suffix)

    assert columns[name] <= set(data.column_names)
    assert len(data) == (1 if name in ("grpo", "stepwise") else 2)


def test_jsonl_and_parquet_hold_the_same(exports: Path, tmp_path: Path) -> None:
    for name, thoughts in EXPORTS:
        lines, table = (_load(exports, f"{name}-{thoughts}", tmp_path, suffix) for suffix in ("jsonl", "parquet"))
        assert lines.column_names == table.column_names
        same = [column for column in lines.column_names if column != "created"]  # a date, which JSON does not know
        assert lines.select_columns(same).to_list() == table.select_columns(same).to_list()


def test_steps_are_right_up_to_the_first_wrong_one(exports: Path, tmp_path: Path) -> None:
    (row,) = _load(exports, "stepwise-full", tmp_path)

    assert row["completions"] == BAD_SUM[0].split("\n\n")[: WRONG_STEP + 1]
    assert row["labels"] == [True] * WRONG_STEP + [False]


@pytest.mark.parametrize(("thoughts", "template"), [("rendered", "drops"), ("full", "keeps")])
@pytest.mark.parametrize("kind", TRAINERS)
def test_a_trainer_sees_the_whole_thought_and_the_answer(
    kind: str, thoughts: str, template: str, exports: Path, models: dict[str, str], tmp_path: Path
) -> None:
    data = _load(exports, f"{TRAINERS[kind]}-{thoughts}", tmp_path)
    trainer = _trainer(kind, models[template], data, tmp_path)

    assert _trained_texts(trainer) == {
        _before(kind, question, "<think>\n") + _rendered(reply) + EOS
        for reply, question in REPLIES[TRAINERS[kind]].items()
    }

    losses = _losses(trainer)
    assert len(losses) == 2
    assert all(map(math.isfinite, losses))


def test_the_lines_of_the_readme_train(exports: Path, models: dict[str, str], tmp_path: Path) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"^```python\n(.*?)^```", readme, re.M | re.S)
    here = lines.replace("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", models["drops"])
    here = here.replace("pairs.jsonl", str(exports / "preference-rendered.jsonl"))
    # no tracker, no GPU and two steps only, which a person need not say
    here = here.replace('DPOConfig("taught"', f'DPOConfig("{tmp_path}", max_steps=2, use_cpu=True, bf16=False')
    assert here.count(str(tmp_path)) == 1

    namespace: dict[str, Any] = {}
    exec(here, namespace)  # our own README

    assert _trained_texts(namespace["trainer"]) == {_rendered(reply) + EOS for reply in REPLIES["preference"]}
    assert math.isfinite(namespace["trainer"].state.log_history[-1]["train_loss"])


@pytest.mark.parametrize("kind", TRAINERS)
def test_the_template_of_the_distills_drops_thoughts_that_are_not_rendered(
    kind: str, exports: Path, models: dict[str, str], tmp_path: Path
) -> None:
    trainer = _trainer(kind, models["drops"], _load(exports, f"{TRAINERS[kind]}-full", tmp_path), tmp_path)

    assert _trained_texts(trainer) == {
        f"{_before(kind, question)}\n\n{reply[1]}{EOS}" for reply, question in REPLIES[TRAINERS[kind]].items()
    }


@pytest.mark.parametrize("thoughts", ["rendered", "full"])
def test_grpo_hands_the_references_to_the_rule_rewards(
    thoughts: str, exports: Path, models: dict[str, str], tmp_path: Path
) -> None:
    calls: list[dict[str, Any]] = []

    def watched(reward: Callable[..., Any]) -> Callable[..., Any]:
        def call(**columns: Any) -> Any:
            calls.append(columns)
            return reward(**columns)

        call.__name__ = reward.__name__
        return call

    rewards = [watched(trl_reward("accuracy")), watched(trl_reward("format")), watched(trl_reward("language"))]
    data = _load(exports, f"grpo-{thoughts}", tmp_path)
    trainer = _trainer("GRPO", models["drops"], data, tmp_path, reward_funcs=rewards)

    losses = _losses(trainer)

    assert len(losses) == 2
    assert all(map(math.isfinite, losses))
    assert len(calls) == 6
    assert all(call["solution"] == ["42", "42"] and call["solution_kind"] == ["number"] * 2 for call in calls)
    means = [line["rewards/accuracy_reward/mean"] for line in trainer.state.log_history if "reward" in line]
    assert len(means) == 2
    assert all(map(math.isfinite, means))
