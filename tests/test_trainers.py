"""TRL's own trainers take an export as it is, and train on the thought from its first to its last token."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from r1chat.rewards import trl_reward

os.environ["HF_HUB_OFFLINE"] = "1"  # before the hub's client is imported: nothing here asks anybody outside

MISSING = [name for name in ("torch", "trl", "datasets", "pyarrow") if find_spec(name) is None]
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install 'r1chat[train]')"),
    # TRL 1.16 still sets and reads what transformers 5.23 calls `activation_checkpointing`.
    pytest.mark.filterwarnings(r"ignore:`(is_)?gradient_checkpointing\w*` is deprecated:FutureWarning:transformers"),
]

EOS = "<｜end▁of▁sentence｜>"
LONG = (
    "Okay, seven times six. " + "Wait, let me check that again. " * 250 + "It is 42, I am sure."
)  # far over 1,024 tokens
REPLIES = [
    (LONG, "The answer is \\boxed{42}."),
    ("Seven and six make thirteen.", "It is **13**."),
    ("好的，我算一下：三加四等于七。\n\n等等，再检查一遍。", "答案是 7。"),
]


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
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    for thoughts in ("rendered", "full"):
        for name in ("preference", "preference-implicit", "unpaired", "sft", "grpo"):
            rows = [_row(name, thoughts, *pair) for pair in zip(REPLIES, REPLIES[1:] + REPLIES[:1], strict=True)]
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (folder / f"{name}-{thoughts}.jsonl").write_text(text)
    return folder


def _row(name: str, thoughts: str, good: tuple[str, str], bad: tuple[str, str]) -> dict[str, Any]:
    if thoughts == "rendered":
        prompt: Any = "<｜User｜>Is it 42?<｜Assistant｜><think>\n"
        one, other = _rendered(good), _rendered(bad)
    else:
        prompt = [{"role": "user", "content": "Is it 42?"}]
        one, other = ([{"role": "assistant", "content": "<think>\n" + _rendered(reply)}] for reply in (good, bad))
    columns: dict[str, dict[str, Any]] = {
        "preference": {"prompt": prompt, "chosen": one, "rejected": other},
        "preference-implicit": {"chosen": prompt + one, "rejected": prompt + other, "margin": 1.0},
        "unpaired": {"prompt": prompt, "completion": one, "label": good == REPLIES[0]},
        "sft": {"prompt": prompt, "completion": one},
        "grpo": {"prompt": prompt, "solution": "42", "solution_kind": "number"},
    }
    return columns[name] | {"id": good[1], "conversation": "c", "model": "m", "source": "vote", "language": "en"}


def _load(folder: Path, name: str, cache: Path) -> Any:
    from datasets import load_dataset

    return load_dataset("json", data_files=str(folder / f"{name}.jsonl"), split="train", cache_dir=str(cache))


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
            trainer.processing_class.decode(ids[kept]) for ids, kept in zip(batch["input_ids"], mask, strict=True)
        }
    return texts


def _losses(trainer: Any) -> list[float]:
    trainer.train()
    return [line["loss"] for line in trainer.state.log_history if "loss" in line]


TRAINERS = {"DPO": "preference", "KTO": "unpaired", "Reward": "preference-implicit", "SFT": "sft"}
PROMPT = "<｜begin▁of▁sentence｜><｜User｜>Is it 42?<｜Assistant｜>"


@pytest.mark.parametrize(("thoughts", "template"), [("rendered", "drops"), ("full", "keeps")])
@pytest.mark.parametrize("kind", TRAINERS)
def test_a_trainer_sees_the_whole_thought_and_the_answer(
    kind: str, thoughts: str, template: str, exports: Path, models: dict[str, str], tmp_path: Path
) -> None:
    trainer = _trainer(kind, models[template], _load(exports, f"{TRAINERS[kind]}-{thoughts}", tmp_path), tmp_path)

    before = PROMPT + "<think>\n" if kind == "Reward" else ""  # it scores the dialogue as a whole
    assert _trained_texts(trainer) == {before + _rendered(reply) + EOS for reply in REPLIES}

    losses = _losses(trainer)
    assert len(losses) == 2
    assert all(map(math.isfinite, losses))


@pytest.mark.parametrize("kind", TRAINERS)
def test_the_template_of_the_distills_drops_thoughts_that_are_not_rendered(
    kind: str, exports: Path, models: dict[str, str], tmp_path: Path
) -> None:
    trainer = _trainer(kind, models["drops"], _load(exports, f"{TRAINERS[kind]}-full", tmp_path), tmp_path)

    before = PROMPT if kind == "Reward" else ""
    assert _trained_texts(trainer) == {f"{before}\n\n{answer}{EOS}" for _, answer in REPLIES}


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
