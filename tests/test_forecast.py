"""What to expect of a model on this machine, before it is loaded: memory, window, speed, and the sentence."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from forked import DEVNULL, Forked
from hub_server import serving_hub
from micro import write_micro

from r1chat.app import build
from r1chat.backends.gguf import Header, parse_header, read_header
from r1chat.backends.llama.channel import Device, MeasureSpec
from r1chat.backends.llama.engine import Engine
from r1chat.config import load, nano_model
from r1chat.errors import ModelFileError
from r1chat.library import CURATED, Curated, Hub
from r1chat.library.forecast import Rates, Resources, Speeds, duration, forecast
from r1chat.library.local import is_path, link, look_at
from r1chat.library.probe import Probe, write
from r1chat.library.speed import Meter, quicker
from r1chat.store.reply_owner import current_owner, owner_of

RATES = Rates({"Q4_K": 10e9, "Q6_K": 10e9, "Q8_0": 10e9}, layer=1e-9, attention=10e9, prompt=50e9)
SMALL = (Probe("Q4_K", 2, 256, 256, 8, 2), *(Probe(kind, 1, 512, 512, 4, 1) for kind in ("Q4_K", "Q6_K", "Q8_0")))
SPEEDS = Speeds(RATES, RATES, None, disk=1e9)
GB = 10**9


def curated(name: str) -> Curated:
    return next(model for model in CURATED if model.name.endswith(name))


# --- the header, whole or by its beginning ------------------------------------------------------------------------


def test_header_is_the_same_by_the_beginning_of_a_file_as_by_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "micro.gguf"
    write_micro(path)
    data, whole = path.read_bytes(), read_header(path)
    shortest = next(n for n in range(4, len(data), 64) if parse_header(path.name, data[:n], len(data)))
    assert shortest < len(data) / 2
    by_beginning = parse_header(path.name, data[:shortest], len(data))
    assert by_beginning == replace(whole, path=Path(path.name))
    with pytest.raises(ModelFileError, match="damaged"):
        parse_header(path.name, data[: shortest // 2], shortest // 2)


def test_hub_is_asked_for_the_beginning_of_a_file_only() -> None:
    data = nano_model().read_bytes()
    with serving_hub() as server:
        server.files["someone/Nano-GGUF"] = {"Nano-F16.gguf": data, "Nano-F32.gguf": data * 2}
        hub = Hub(server.address)
        variants = hub.variants("someone/Nano-GGUF")
        header = hub.header("someone/Nano-GGUF", variants)
        assert header is not None and (header.layers, header.missing) == (8, 0)
        assert hub.header("someone/Nano-GGUF", variants) is header
        assert [byte_range for path, byte_range, _ in server.asked if "resolve" in path] == ["bytes=0-1048575"]


@pytest.mark.parametrize("content", [b"", b"<html>", b"GGUF" + b"\xff" * 100])
def test_file_of_the_hub_that_is_no_model_has_no_forecast(content: bytes) -> None:
    with serving_hub() as server:
        server.files["someone/Odd-GGUF"] = {"Odd-F16.gguf": content}
        hub = Hub(server.address)
        assert hub.header("someone/Odd-GGUF", hub.variants("someone/Odd-GGUF")) is None


# --- numbers --------------------------------------------------------------------------------------------------------


def test_memory_is_weights_keys_values_and_little_more() -> None:
    model = curated("Llama-8B")
    assert model.header.kv_bytes_per_token == 128 * 1024
    estimate = forecast(model.header, model.size, 16384, Resources(64 * GB))
    sure = model.size + 16384 * 128 * 1024
    assert estimate.fits and sure < estimate.memory < sure + 0.3 * GB


def test_every_curated_model_has_a_forecast_in_both_languages() -> None:
    for model in CURATED:
        estimate = forecast(model.header, model.size, 8192, Resources(256 * GB), SPEEDS)
        assert estimate.fits and estimate.speed is not None and estimate.speed > 0.1
        assert (
            "8k" in estimate.sentence()
            and "8k" in estimate.sentence("zh")
            and estimate.sentence() != estimate.sentence("zh")
        )


def test_speed_is_that_of_reading_the_weights_and_the_context() -> None:
    model = curated("Qwen-7B")
    estimate = forecast(model.header, model.size, 16384, Resources(64 * GB), SPEEDS)
    assert estimate.speed is not None and estimate.thought is not None
    read = sum(model.header.weights.dense.values()) + 1500 * model.header.kv_bytes_per_token
    assert estimate.speed == pytest.approx(10e9 / read, rel=0.02)
    assert estimate.thought == pytest.approx(3000 / estimate.speed)


def test_only_the_active_part_of_a_mixture_of_experts_counts_for_speed_and_all_of_it_for_memory() -> None:
    mixture = curated("gpt-oss-20b")
    dense = replace(mixture, active_share=1.0)
    ours, theirs = (forecast(m.header, m.size, 8192, Resources(64 * GB), SPEEDS) for m in (mixture, dense))
    assert ours.memory == theirs.memory
    assert ours.speed is not None and theirs.speed is not None and ours.speed > 4 * theirs.speed


@pytest.mark.parametrize(
    ("free", "start"),
    [
        (64, "fits (7.3 GB of memory with a window of 16k), about 2.1 tokens/s: a thought of 3,000 tokens takes about"),
        (6, "fits with a window of 6,"),
        (5, "larger than the free memory (7.3 GB needed): runs from disk, about "),
        (0.1, "does not run here: 7.3 GB of memory are needed, 100 MB are free"),
    ],
)
def test_forecast_is_said_in_a_persons_terms(free: float, start: str) -> None:
    model = curated("Llama-8B")
    estimate = forecast(model.header, model.size, 16384, Resources(int(free * GB)), SPEEDS)
    assert estimate.sentence().startswith(start)


def test_what_runs_from_disk_is_slower_the_less_of_it_memory_holds() -> None:
    model = curated("Qwen-32B")
    speeds = [
        forecast(model.header, model.size, 8192, Resources(free * GB), SPEEDS).speed or 0 for free in (64, 18, 12, 6)
    ]
    assert speeds == sorted(speeds, reverse=True) and speeds[-1] < 0.1 < speeds[0]


def test_layers_on_a_gpu_are_told_and_make_it_faster() -> None:
    gpu = replace(RATES, weights=dict.fromkeys(RATES.weights, 200e9))
    model, speeds = curated("Qwen-7B"), replace(SPEEDS, gpu=gpu)
    card = Device("CUDA0", "a card", True, 4 << 30, 4 << 30)
    none, some, all_ = (
        forecast(model.header, model.size, 8192, Resources(64 * GB, gpus), speeds)
        for gpus in ((), (card,), (replace(card, free=16 << 30),))
    )
    assert (none.gpu_layers, all_.gpu_layers, all_.layers) == (0, 29, 29) and 0 < some.gpu_layers < 29
    assert f"{some.gpu_layers} of 29 layers on the GPU" in some.sentence() and "all on the GPU" in all_.sentence()
    assert none.speed and some.speed and all_.speed and none.speed < some.speed < all_.speed
    assert all_.memory < some.memory < none.memory


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 second"),
        (40, "40 seconds"),
        (350, "6 minutes"),
        (5399, "90 minutes"),
        (9000, "2.5 hours"),
        (2e5, "2 days"),
    ],
)
def test_times_are_round(seconds: float, text: str) -> None:
    assert duration(seconds).en == text


# --- measuring --------------------------------------------------------------------------------------------------------


def test_memory_of_an_engine_is_what_was_counted(tmp_path: Path) -> None:
    from benchmarks.forecast import run

    path = tmp_path / "micro.gguf"
    write_micro(path, window=4096)
    header = read_header(path)
    memory, speed = run(path, header, 1024, threads=1, prompt=8)
    counted = forecast(header, path.stat().st_size, 1024, Resources(GB)).memory
    assert memory == pytest.approx(counted, rel=0.35)  # a process of nothing but Python and llama.cpp
    assert speed > 0


@pytest.mark.slow
def test_deep_in_a_context_a_step_takes_longer(tmp_path: Path) -> None:
    path = tmp_path / SMALL[0].file
    write(path, SMALL[0])
    assert read_header(path).missing == 0
    with closing(Engine()) as engine:
        times = engine.measure(MeasureSpec(str(path), threads=1, gpu_layers=0, seconds=0.1, depth=1024))
    assert times.prompt > 0 and 0 < times.step < times.deep


@pytest.mark.slow
def test_measuring_ends_with_the_app(tmp_path: Path) -> None:
    meter = Meter(tmp_path, gpu=False)
    measurements: list[object] = []
    waiting = threading.Thread(target=lambda: measurements.append(meter.speeds()))
    waiting.start()
    time.sleep(0.5)
    meter.close()
    waiting.join(20)
    assert measurements == [None]
    assert meter.speeds() is None
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_measurement_left_goes_with_the_next_start(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "print(end='')"]) as ended:
        gone = owner_of(ended.pid)
    for name, owner in (("speed-gone", gone), ("speed-mine", current_owner()), ("speed-unnamed", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "thin.gguf").write_bytes(b"x")
        if owner:
            (tmp_path / name / "owner").write_text(owner)
    os.utime(tmp_path / "speed-unnamed", (0, 0))
    settings = load(data_dir=tmp_path, models_dir=tmp_path / "models", ollama=False, find_models=False)
    build(settings, {}).close()
    assert [path.name for path in tmp_path.glob("speed-*")] == ["speed-mine"]


@pytest.mark.slow
def test_doctor_that_is_ended_while_it_measures_leaves_no_models(tmp_path: Path) -> None:
    variables = os.environ | {"R1CHAT_MEASURE_SPEED": "true"}
    doctor = Forked("doctor", "--data-dir", str(tmp_path), stdout=DEVNULL, stderr=DEVNULL, env=variables)
    while doctor.returncode is None and not list(tmp_path.glob("speed-*/owner")):
        time.sleep(0.01)
    assert doctor.returncode is None, "it ended before it measured"
    doctor.send_signal(signal.SIGTERM)
    assert doctor.wait() == 128 + signal.SIGTERM
    assert list(tmp_path.glob("speed-*")) == []


@pytest.mark.slow
def test_machine_is_measured_once_and_remembered(tmp_path: Path) -> None:
    meter = Meter(tmp_path, gpu=False, threads=1, seconds=0.02, probes=SMALL)
    assert meter.known() is None and meter.will_measure
    speeds = meter.speeds()
    assert speeds is not None and not speeds.rough and speeds.gpu is None
    assert set(speeds.cpu.weights) == {"Q4_K", "Q6_K", "Q8_0"}
    assert all(0 < rate < math.inf for rate in (*speeds.cpu.weights.values(), speeds.cpu.attention, speeds.disk))
    assert [path.name for path in tmp_path.iterdir()] == ["speed.json"]
    assert Meter(tmp_path, gpu=False, threads=1, measure=False).known() == speeds
    assert Meter(tmp_path, gpu=False, threads=7, measure=False).known() is None  # another way to run


def test_the_quicker_of_two_measurements_counts() -> None:
    busy = replace(RATES, weights={"Q4_K": 1e9, "Q6_K": 20e9, "Q8_0": 1e9}, layer=1e-3)
    speeds = quicker(SPEEDS, replace(SPEEDS, cpu=busy, disk=5e9))
    assert speeds.cpu.weights == {"Q4_K": 10e9, "Q6_K": 20e9, "Q8_0": 10e9}
    assert (speeds.cpu.layer, speeds.disk, speeds.gpu) == (1e-9, 5e9, None)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"key": 1}', "[" * 5000])
def test_file_of_speeds_that_makes_no_sense_is_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "speed.json").write_text(text, encoding="utf-8")
    meter = Meter(tmp_path, measure=False)
    assert meter.known() is None and meter.speeds() is None and not meter.begin()


def test_speeds_that_cannot_be_are_not_taken(tmp_path: Path) -> None:
    meter = Meter(tmp_path, measure=False)
    row = {
        "key": meter._key(),
        "devices": [],
        "speeds": {"cpu": {}, "few": {}, "gpu": None, "disk": 1.0, "rough": False},
    }
    (tmp_path / "speed.json").write_text(json.dumps(row), encoding="utf-8")
    assert meter.known() is None


# --- files of this computer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["/a/b.gguf", "~/b.gguf", "C:\\models\\b.gguf", "file:///a/b.gguf"])
def test_paths_are_told_from_names_and_addresses(text: str) -> None:
    assert is_path(text)
    assert not any(map(is_path, ["owner/name", "https://huggingface.co/a/b", "qwen", "hf.co/a/b:Q8_0"]))


def test_file_is_linked_into_the_models_folder_and_stays_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere" / "我的 model.gguf"
    path.parent.mkdir()
    write_micro(path)
    folder = tmp_path / "models"
    assert link(str(path), folder).samefile(path)
    assert link(str(path), folder).samefile(path)  # twice is once
    assert [file.name for file in folder.iterdir()] == [path.name] and not path.is_symlink()


def test_all_parts_of_a_split_model_are_linked(tmp_path: Path) -> None:
    write_micro(tmp_path / "big.gguf", parts=3)
    first = sorted(tmp_path.glob("big-*"))[0]
    link(str(first), tmp_path / "models")
    assert len(list((tmp_path / "models").iterdir())) == len(list(tmp_path.glob("big-*"))) > 1


def test_another_file_of_that_name_is_never_replaced(tmp_path: Path) -> None:
    write_micro(tmp_path / "a.gguf")
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "a.gguf").write_bytes(b"mine")
    with pytest.raises(Exception, match="another file of the name"):
        link(str(tmp_path / "a.gguf"), folder)
    assert (folder / "a.gguf").read_bytes() == b"mine"


@pytest.mark.parametrize("content", [None, b"", b"<html>"])
def test_what_is_no_model_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelFileError):
        look_at(str(path))


def test_shape_of_layers_that_look_back_a_little(tmp_path: Path) -> None:
    import gguf

    def header(architecture: str, **keys: object) -> Header:
        path = tmp_path / f"{architecture}.gguf"
        writer = gguf.GGUFWriter(path, architecture)
        writer.add_block_count(12)
        writer.add_embedding_length(256)
        writer.add_head_count(4)
        writer.add_head_count_kv(2)
        for key, value in keys.items():
            name = f"{architecture}.{key.replace('__', '.')}"
            if isinstance(value, list):
                writer.add_array(name, value)
            else:
                writer.add_uint32(name, value)  # type: ignore[arg-type]
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.close()
        return read_header(path)

    layer = 2 * 2 * (64 + 64)  # bytes of a token
    assert header("llama").kv_bytes_per_token == 12 * layer
    gemma = header("gemma3", attention__sliding_window=512)
    assert (gemma.kv_bytes_per_token, gemma.sliding_kv_bytes_per_token) == (12 * layer, 10 * layer)
    patterned = header("other", attention__sliding_window=512, attention__sliding_window_pattern=[True, False] * 6)
    assert patterned.sliding_kv_bytes_per_token == 6 * layer
    hybrid = header("lfm2", attention__head_count_kv=[0, 0, 2] * 4)
    assert hybrid.kv_bytes_per_token == 4 * layer
    assert header("qwen3next", full_attention_interval=4).kv_bytes_per_token == 3 * layer
