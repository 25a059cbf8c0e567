"""What a model needs, and what the machine has."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from r1chat.backends.gguf import read_header
from r1chat.backends.llama.channel import Device
from r1chat.backends.llama.machine import (
    LARGE_WEIGHTS,
    SMALLEST_WINDOW,
    Fit,
    Needs,
    available_memory,
    default_threads,
    fitting_layers,
)
from r1chat.errors import ModelFileError
from r1chat.sizes import readable_size

NANO = Path(__file__).parent.parent / "assets" / "r1chat-nano.gguf"
NEEDS = Needs("some.gguf", weights=2_000_000, scratch=1_000_000, per_token=1_000, trained=8192)


def test_a_core_is_left_to_the_others() -> None:
    cores = os.cpu_count() or 1
    assert 1 <= default_threads() <= max(1, cores - 1)
    assert default_threads() <= default_threads(LARGE_WEIGHTS) <= cores


def test_free_memory_is_some_and_no_more_than_there_is() -> None:
    assert 0 < available_memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize(
    ("wish", "available", "fit"),
    [
        (4096, 10**9, Fit(4096)),
        (100, 10**9, Fit(100)),
        (16384, 10**9, Fit(8192)),
        (16384, 3_000_000 + 8_192_000, Fit(8192)),
        (16384, 3_000_000 + 8_191_000, Fit(7936)),
        (16384, 3_000_000 + SMALLEST_WINDOW * 1_000, Fit(SMALLEST_WINDOW)),
        (100, 3_000_000 + 100_000, Fit(100)),
    ],
)
def test_window_is_as_large_as_wish_model_and_memory_allow(wish: int, available: int, fit: Fit) -> None:
    assert NEEDS.fit(wish, available) == fit


@pytest.mark.parametrize(("available", "window"), [(10_500_000, 4096), (7_000_000, 2304), (4_100_000, 1024)])
def test_weights_that_do_not_fit_stay_on_disk_and_half_of_the_memory_is_theirs(available: int, window: int) -> None:
    large = replace(NEEDS, weights=10**10)
    assert large.fit(4096, available) == Fit(window, mapped=True)


@pytest.mark.parametrize("available", [0, 2_000_000, 4_000_000])
def test_model_that_does_not_fit_even_so_is_refused_with_the_numbers(available: int) -> None:
    with pytest.raises(
        ModelFileError, match=rf"some.gguf needs about 2\.0 MB of memory, and {readable_size(available)} are"
    ):
        replace(NEEDS, weights=10**10).fit(16384, available)


def test_needs_grow_with_the_layers_that_are_not_on_a_gpu() -> None:
    header, weights = read_header(NANO), NANO.stat().st_size
    none, half, all_ = (Needs.of(header, weights, batch=64, gpu_layers=layers) for layers in (0, 4, -1))
    assert (none.weights, half.weights, all_.weights) == (weights, weights // 2, 0)
    assert none.per_token > half.per_token > all_.per_token


@pytest.mark.parametrize(("free", "layers"), [((), 0), ((0,), 0), ((1,), 0), ((3,), -1), ((2, 2), -1)])
def test_layers_go_to_gpus_as_far_as_they_fit(free: tuple[int, ...], layers: int) -> None:
    gpus = [Device(f"CUDA{i}", "a card", True, size << 30, size << 30) for i, size in enumerate(free)]
    assert fitting_layers(read_header(NANO), NANO.stat().st_size, 4096, gpus) == layers


def test_part_of_the_layers_goes_to_a_gpu_that_does_not_hold_all() -> None:
    header, weights = read_header(NANO), 9 << 30  # eight layers, and the output, of 1 GiB each
    for free in range(3, 10):
        gpu = Device("CUDA0", "a card", True, free << 30, 10 << 30)
        assert fitting_layers(header, weights, 4096, [gpu]) == free - 2  # margin and scratch


def test_sizes_are_written_for_people() -> None:
    assert [readable_size(size) for size in (0, 5_099_392, 1_120_000_000)] == ["0 B", "5.1 MB", "1.1 GB"]
