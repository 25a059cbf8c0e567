"""Finding and downloading models: a real HTTP server with a hub's routes and its faults, and real files."""

from __future__ import annotations

import gzip
import json
import logging
import random
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from forked import CODE, Forked
from hub_server import FakeHub, serving_hub
from launched import other_port

from r1chat.app import build, library, own_models
from r1chat.backends.llama.server import LlamaServerBackend
from r1chat.cli.library import get
from r1chat.cli.library import remove as remove_by_command
from r1chat.config import load, nano_model
from r1chat.errors import LibraryError
from r1chat.library import CURATED, DownloadJob, Downloads, Hub, Variant
from r1chat.library.curated import READING_PACE, expect, suitable
from r1chat.library.forecast import Rates, Resources, Speeds
from r1chat.library.hub import RemoteFile, choose, grouped, parse_address, source
from r1chat.loopback import is_inside, is_this_computer
from r1chat.ui.library.routes import remove

REPO = "someone/Tiny-R1-GGUF"
DATA = random.Random(1).randbytes(3_000_000)
TWICE = DATA * 2


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with serving_hub() as hub:
        hub.files[REPO] = {"Tiny-R1-Q4_K_M.gguf": DATA, "Tiny-R1-Q8_0.gguf": TWICE, "mmproj-Tiny-R1.gguf": b"x"}
        yield hub


def loaded(
    downloads: Downloads, job: DownloadJob, states: tuple[str, ...] = ("done", "failed", "paused")
) -> DownloadJob:
    """The job once it is in one of the states."""
    deadline = time.monotonic() + 20
    while job.state not in states:
        assert time.monotonic() < deadline, job
        job = downloads.wait(job.id, 0.1)
    return job


def variant(hub: FakeHub, quantisation: str = "") -> Variant:
    return choose(Hub(hub.address).variants(REPO), quantisation)


@pytest.fixture
def downloads(hub: FakeHub, tmp_path: Path) -> Iterator[Downloads]:
    downloads = Downloads(tmp_path / "models", Hub(hub.address), wait=0.02)
    yield downloads
    downloads.close()


@pytest.mark.parametrize("hints", [3, 100_000])
def test_a_hub_that_never_comes_to_its_answer_is_left(hub: FakeHub, hints: int) -> None:
    hub.hints = hints
    if hints < 10:
        assert choose(Hub(hub.address).variants(REPO), "Q8_0").size == len(TWICE)
        return
    with pytest.raises(LibraryError, match="cannot be reached"):
        Hub(hub.address, patience=0.05).variants(REPO)


# --- what there is ---------------------------------------------------------------------------------------------------


def test_curated_models_cover_r1s_distills_and_six_more_families() -> None:
    assert {f"{size}B" for size in ("1.5", "7", "8", "14", "32", "70")} <= {
        model.name.rpartition("-")[2] for model in CURATED if "Distill" in model.name
    }
    assert len({model.family for model in CURATED}) >= 7
    for model in CURATED:
        assert model.text.en and model.text.zh and model.licence and model.quantisations
        assert 1e8 < model.size < 1e11 and model.header.kv_bytes_per_token > 1_000


@pytest.mark.parametrize("gigabytes", [3, 4, 8, 16, 32, 64, 128])
def test_what_is_recommended_fits_into_memory(gigabytes: int) -> None:
    resources = Resources(gigabytes * 10**9)
    models = suitable(resources)
    assert 1 <= len(models) <= 3
    assert all(expect(model, resources).fits for model in models)


def test_what_is_recommended_thinks_at_a_readers_pace() -> None:
    resources = Resources(128 * 10**9)
    slow, quick = (
        Speeds(rates, rates, None, disk=1e9)
        for rates in (Rates(dict.fromkeys(("Q4_K", "Q6_K", "Q8_0"), rate), 1e-5, 1e10, 1e11) for rate in (7e9, 4e11))
    )
    for speeds in (slow, quick):
        assert all(
            (expect(model, resources, speeds).speed or 0) >= READING_PACE for model in suitable(resources, speeds)
        )
    assert max(m.size for m in suitable(resources, slow)) < 13e9 < max(m.size for m in suitable(resources, quick))


def test_slow_machine_is_offered_the_smallest_models_that_fit() -> None:
    rates = Rates(dict.fromkeys(("Q4_K", "Q6_K", "Q8_0"), 5e8), 1e-5, 1e9, 1e9)
    offered = suitable(Resources(16 * 10**9), Speeds(rates, rates, None, disk=1e9))
    assert [model.size for model in offered] == sorted(model.size for model in CURATED)[:3]


def test_a_machine_without_room_is_offered_the_smallest_model() -> None:
    assert suitable(Resources(100)) == [min(CURATED, key=lambda model: model.size)]


def test_repository_lists_its_chat_models_by_quantisation(hub: FakeHub) -> None:
    variants = Hub(hub.address).variants(REPO)
    assert [(item.quantisation, item.size) for item in variants] == [("Q4_K_M", len(DATA)), ("Q8_0", 2 * len(DATA))]
    assert [item.name for item in Hub(hub.address).search("tiny")] == [REPO]


def test_split_models_are_one_and_incomplete_ones_none() -> None:
    files = [RemoteFile(f"Q4/Big-Q4_K_M-0000{part}-of-00003.gguf", "http://x", 10) for part in (3, 1, 2)]
    files += [RemoteFile("Half-Q8_0-00001-of-00002.gguf", "http://x", 10), RemoteFile("README.md", "http://x", 1)]
    (only,) = grouped(files)
    assert (only.name, only.quantisation, only.size, len(only.files)) == ("Big-Q4_K_M", "Q4_K_M", 30, 3)
    assert only.files[0].name.endswith("00001-of-00003.gguf")


@pytest.mark.parametrize(
    ("text", "repo", "file"),
    [
        ("owner/name", "owner/name", ""),
        ("hf.co/owner/name:Q8_0", "owner/name", "Q8_0"),
        ("https://huggingface.co/owner/name", "owner/name", ""),
        ("https://huggingface.co/owner/name/blob/main/a/b.gguf?download=true", "owner/name", "a/b.gguf"),
        ("https://mirror.example/owner/name/resolve/main/b.gguf", "owner/name", "b.gguf"),
        ("https://modelscope.cn/models/owner/name", "owner/name", ""),
    ],
)
def test_pasted_address_is_understood(text: str, repo: str, file: str) -> None:
    assert parse_address(text) == (repo, file)


@pytest.mark.parametrize("text", ["", "name", "https://example.com/", "../..//etc", "a/b/c d", "file:///etc/passwd"])
def test_pasted_nonsense_is_told(text: str) -> None:
    with pytest.raises(LibraryError, match="no address of a model"):
        parse_address(text)


@pytest.mark.parametrize(
    ("status", "words"), [(401, "R1CHAT_HUB_TOKEN"), (404, "no such model"), (429, "asks to wait"), (418, "418")]
)
def test_refusal_of_the_hub_is_a_sentence(hub: FakeHub, downloads: Downloads, status: int, words: str) -> None:
    hub.status = status
    job = loaded(downloads, downloads.add(REPO, variant(hub)))
    assert job.state == "failed" and job.error is not None
    assert words in str(job.error)
    assert job.error.sentence("zh") != str(job.error)


def test_repository_that_is_not_there_is_told(hub: FakeHub) -> None:
    with pytest.raises(LibraryError, match="no such model, data set or file"):
        Hub(hub.address).variants("nobody/nothing")


def test_hub_that_cannot_be_reached_is_told() -> None:
    with pytest.raises(LibraryError, match="cannot be reached"):
        Hub("http://127.0.0.1:9").variants(REPO)


def test_nothing_is_asked_before_somebody_asks(hub: FakeHub, tmp_path: Path) -> None:
    downloads = Downloads(tmp_path, Hub(hub.address))
    downloads.close()
    assert hub.asked == []


# --- downloads -------------------------------------------------------------------------------------------------------


def test_model_arrives_whole_under_its_name(hub: FakeHub, downloads: Downloads) -> None:
    job = loaded(downloads, downloads.add(REPO, variant(hub)))
    assert (job.state, job.done, job.total) == ("done", len(DATA), len(DATA))
    assert downloads.path(job).read_bytes() == DATA
    assert [path.name for path in downloads.path(job).parent.iterdir()] == ["Tiny-R1-Q4_K_M.gguf"]


def test_broken_connections_are_taken_up_where_they_broke(hub: FakeHub, downloads: Downloads) -> None:
    hub.cuts, hub.cut_after = 2, 1_000_000
    job = loaded(downloads, downloads.add(REPO, variant(hub)))
    assert job.state == "done" and downloads.path(job).read_bytes() == DATA
    starts = [int(range_[6:-1] or 0) for path, range_, _ in hub.asked if "resolve" in path]
    assert starts[0] == 0 and 700_000 < starts[1] <= 1_000_000 and 1_400_000 < starts[2] <= 2_000_000


def test_server_without_ranges_begins_again(hub: FakeHub, downloads: Downloads) -> None:
    hub.cuts, hub.cut_after, hub.ranges = 1, 1_000_000, False
    job = loaded(downloads, downloads.add(REPO, variant(hub)))
    assert job.state == "done" and downloads.path(job).read_bytes() == DATA


def test_wrong_digest_is_never_offered_as_a_model(hub: FakeHub, downloads: Downloads) -> None:
    hub.wrong_digest = True
    job = loaded(downloads, downloads.add(REPO, variant(hub)))
    assert job.state == "failed" and job.error is not None and "SHA-256" in str(job.error)
    assert not list(downloads.folder.rglob("*.gguf*"))


def test_pause_keeps_what_came_and_resume_goes_on(hub: FakeHub, downloads: Downloads) -> None:
    hub.pace.clear()
    job = loaded(downloads, downloads.add(REPO, variant(hub)), ("running",))
    hub.cuts, hub.cut_after = 0, 0
    hub.pace.set()
    hub.cuts, hub.cut_after = 1, 500_000
    downloads.pause(job.id)
    job = loaded(downloads, job, ("paused", "done"))
    downloads.resume(job.id)
    job = loaded(downloads, job, ("done",))
    assert downloads.path(job).read_bytes() == DATA


@pytest.mark.parametrize("size", [len(DATA), 3_500_000, 2_500_000])
@pytest.mark.parametrize("way", ["resumed", "asked for again", "resumed after a restart"])
def test_a_file_that_was_uploaded_anew_during_a_pause_is_begun_anew(
    hub: FakeHub, tmp_path: Path, size: int, way: str
) -> None:
    downloads = Downloads(tmp_path, Hub(hub.address), wait=0.02)
    hub.hold_at = 1_000_000
    job = downloads.add(REPO, variant(hub))
    (part,) = downloads.growing(job)
    deadline = time.monotonic() + 20
    while not part.exists() or part.stat().st_size < 700_000:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    downloads.pause(job.id)
    hub.hold_at = 0
    hub.pace.set()
    loaded(downloads, job, ("paused",))
    if way == "resumed after a restart":
        downloads.close()
        downloads = Downloads(tmp_path, Hub(hub.address), wait=0.02)
    hub.files[REPO]["Tiny-R1-Q4_K_M.gguf"] = new = random.Random(2).randbytes(size)
    hub.asked.clear()
    if way == "asked for again":
        downloads.add(REPO, variant(hub))
    else:
        downloads.resume(job.id)
    job = loaded(downloads, downloads.wait(job.id, 0), ("done", "failed"))
    downloads.close()
    assert job.state == "done" and job.total == size and downloads.path(job).read_bytes() == new
    assert [part for path, part, _ in hub.asked if "resolve" in path] == [""]  # no range


def test_a_file_that_changed_while_it_came_is_loaded_at_the_next_try(hub: FakeHub, downloads: Downloads) -> None:
    listed = variant(hub)
    hub.files[REPO]["Tiny-R1-Q4_K_M.gguf"] = new = random.Random(2).randbytes(len(DATA))
    job = loaded(downloads, downloads.add(REPO, listed))
    assert "uploaded anew" in str(job.error)
    downloads.resume(job.id)
    job = loaded(downloads, downloads.wait(job.id, 0), ("done", "failed"))
    assert job.state == "done" and downloads.path(job).read_bytes() == new


def test_a_file_that_is_gone_from_the_hub_is_told_where_its_download_is_resumed(
    hub: FakeHub, downloads: Downloads
) -> None:
    hub.status = 403
    job = loaded(downloads, downloads.add(REPO, variant(hub)))
    del hub.files[REPO]["Tiny-R1-Q4_K_M.gguf"]
    with pytest.raises(LibraryError, match=r"There is no Tiny-R1-Q4_K_M\.gguf here"):
        downloads.resume(job.id)
    assert [other.state for other in downloads.jobs()] == ["failed"]


def test_cancel_leaves_nothing(hub: FakeHub, downloads: Downloads) -> None:
    hub.pace.clear()
    job = loaded(downloads, downloads.add(REPO, variant(hub)), ("running",))
    downloads.cancel(job.id)
    hub.pace.set()
    deadline = time.monotonic() + 20
    while downloads.jobs():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not list(downloads.folder.rglob("*.gguf*"))


def test_second_download_waits_for_the_first(hub: FakeHub, downloads: Downloads) -> None:
    hub.pace.clear()
    first = loaded(downloads, downloads.add(REPO, variant(hub)), ("running",))
    second = downloads.add(REPO, variant(hub, "Q8_0"))
    assert second.state == "waiting"
    assert downloads.add(REPO, variant(hub)).id == first.id  # a second click changes nothing
    hub.pace.set()
    assert [loaded(downloads, job).state for job in (first, second)] == ["done", "done"]


@pytest.mark.slow
def test_killed_download_is_continued_and_loses_less_than_a_mebibyte(hub: FakeHub, tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from r1chat.library import Downloads, Hub
from r1chat.library.hub import choose
hub = Hub({hub.address!r})
downloads = Downloads(Path({str(tmp_path)!r}), hub)
job = downloads.add({REPO!r}, choose(hub.variants({REPO!r})))
while True:
    print(downloads.wait(job.id, 0.05).done, flush=True)
"""
    hub.hold_at = 2_000_000

    def hold(stop: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not stop():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    process = Forked(CODE, code)
    part = tmp_path / REPO.replace("/", "--") / "Tiny-R1-Q4_K_M.gguf.part"
    hold(lambda: part.exists() and part.stat().st_size >= 1_700_000)
    process.kill()
    process.communicate()
    hub.hold_at = 0
    hub.pace.set()
    assert part.stat().st_size >= 2_000_000 - 1_048_576
    assert part.stat().st_size < len(DATA)
    downloads = Downloads(tmp_path, Hub(hub.address))
    (job,) = downloads.jobs()
    assert (job.state, job.done) == ("paused", part.stat().st_size)
    downloads.resume(job.id)
    job = loaded(downloads, job, ("done", "failed"))
    assert downloads.path(job).read_bytes() == DATA
    downloads.close()


def test_token_goes_to_the_hub_and_not_where_it_redirects(hub: FakeHub, tmp_path: Path) -> None:
    with serving_hub() as other:
        other.files = hub.files
        hub.elsewhere = other.address.replace("127.0.0.1", "localhost")
        downloads = Downloads(tmp_path, Hub(hub.address, token="secret"))
        job = loaded(downloads, downloads.add(REPO, variant(hub)))
        downloads.close()
        assert job.state == "done"
        assert {key for path, _, key in hub.asked if "resolve" in path} == {"Bearer secret"}
        assert {key for _, _, key in other.asked} == {""}


@pytest.mark.parametrize("elsewhere", ["http://xn--a", "file:///etc", "http://" + "a" * 70])
def test_a_redirect_to_no_address_is_told_and_not_tried_again(hub: FakeHub, tmp_path: Path, elsewhere: str) -> None:
    hub.elsewhere = elsewhere
    with closing(Downloads(tmp_path, Hub(hub.address))) as downloads:
        job = loaded(downloads, downloads.add(REPO, variant(hub)))
    assert job.state == "failed" and "redirects to an address that is none" in str(job.error)
    assert len([path for path, _, _ in hub.asked if "resolve" in path]) == 1


def test_names_that_a_disk_cannot_hold_are_not_offered_and_do_not_stop_the_start(hub: FakeHub, tmp_path: Path) -> None:
    long = "界" * 82 + ".gguf"  # 251 bytes; while it grows its name is longer
    hub.files["owner/long-GGUF"] = {long: DATA, "short-Q8_0.gguf": DATA}
    assert [listed.files[0].name for listed in Hub(hub.address).variants("owner/long-GGUF")] == ["short-Q8_0.gguf"]
    downloads = Downloads(tmp_path, Hub(hub.address))
    loaded(downloads, downloads.add(REPO, variant(hub)))
    downloads.close()
    (file,) = tmp_path.glob("downloads*.json") or tmp_path.rglob("downloads.json")
    row = {
        "repo": "owner/long-GGUF",
        "variant": {"name": "x", "quantisation": "", "files": [{"path": long, "url": "http://h/x"}]},
    }
    file.write_text(json.dumps([row]), encoding="utf-8")
    again = Downloads(tmp_path, Hub(hub.address))
    assert again.jobs() == []
    again.close()


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        *((host, True) for host in ("127.1", "2130706433", "0x7f000001", "0", "10.1", "192.168.1.1", "2852039166")),
        *((host, True) for host in ("::1", "[::1]", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1")),
        *((host, True) for host in ("fec0::1", "a.localhost", "LOCALHOST")),
        *((host, False) for host in ("1.1.1.1", "2606:4700:4700::1111", "no-such-name.invalid")),
    ],
)
def test_an_address_of_this_computer_or_its_network_is_known_however_it_is_spelled(host: str, inside: bool) -> None:
    assert is_inside(host) is inside


@pytest.mark.parametrize(
    ("host", "here"),
    [
        *(
            (host, True)
            for host in ("127.0.0.2", "LOCALHOST", "localhost.", "a.localhost", "ip6-localhost", "127.1", "0")
        ),
        *((host, True) for host in ("0.0.0.0", "::", "[::1]", "::ffff:127.0.0.1", "2130706433", socket.gethostname())),
        *((host, False) for host in ("192.0.2.1", "2001:db8::1", "example.org", "127.0.0.1.example.org", "")),
    ],
)
def test_a_host_that_means_this_computer_is_known_however_it_is_spelled(host: str, here: bool) -> None:
    assert is_this_computer(host) is here


def test_hub_of_the_internet_that_redirects_to_this_computer_is_refused(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving_hub() as proxy, serving_hub() as inside:
        proxy.files, proxy.elsewhere, inside.files = hub.files, inside.address, hub.files
        monkeypatch.setenv("HTTP_PROXY", proxy.address)  # by which a hub that is not of this computer can be had here
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        far = Hub("http://hub.example")
        assert far.header(REPO, far.variants(REPO)) is None
        downloads = Downloads(tmp_path, far)
        job = loaded(downloads, downloads.add(REPO, variant(far)), ("failed",))
        downloads.close()
        assert "hub.example redirects to 127.0.0.1" in str(job.error)
        assert inside.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1"])
def test_hub_of_this_computer_is_asked_without_a_proxy(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert Hub(hub.address.replace("127.0.0.1", host)).variants(REPO)


def test_model_comes_from_modelscope_too(hub: FakeHub, tmp_path: Path) -> None:
    scope = Hub(hub.address, modelscope=True)
    downloads = Downloads(tmp_path, scope)
    job = loaded(downloads, downloads.add(REPO, choose(scope.variants(REPO), "Q8_0")))
    downloads.close()
    assert job.state == "done" and downloads.path(job).read_bytes() == DATA * 2
    assert job.variant.files[0].sha256
    assert hub.asked[-1][0] == f"/models/{REPO}/resolve/master/Tiny-R1-Q8_0.gguf"
    with pytest.raises(LibraryError, match="cannot be searched"):
        scope.search("tiny")


def test_pasted_address_of_modelscope_means_modelscope_and_the_token_stays_at_home(hub: FakeHub) -> None:
    ours = Hub(hub.address, token="secret")
    assert source("owner/name", ours) is ours and source("https://huggingface.co/a/b", ours) is ours
    theirs = source("https://www.modelscope.cn/models/owner/name", ours)
    assert theirs.host == "modelscope.cn" and not theirs.headers("https://modelscope.cn/x")
    assert source(theirs.repository("owner/name"), ours).host == "modelscope.cn"
    assert parse_address(theirs.repository("owner/name")) == ("owner/name", "")


def test_mirror_is_asked_by_its_variable_and_the_token_is_in_no_log(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    monkeypatch.setenv("R1CHAT_HUB_TOKEN", "hf_secret")
    caplog.set_level(logging.DEBUG)
    downloads = library(load(data_dir=tmp_path))
    assert hub.address.endswith(downloads.hub.host) and hub.asked == []
    hub.status = 401
    job = loaded(downloads, downloads.add(REPO, choose(downloads.hub.variants(REPO))))
    downloads.close()
    assert {key for _, _, key in hub.asked} == {"Bearer hf_secret"}
    assert job.state == "failed" and "hf_secret" not in f"{job}{job.error}{caplog.text}{downloads.hub!r}"
    assert "hf_secret" not in (downloads.folder / "downloads.json").read_text(encoding="utf-8")


def test_the_token_of_hugging_face_is_not_sent_to_a_mirror(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with closing(library(load(data_dir=tmp_path))) as downloads:
        assert downloads.hub.headers("https://huggingface.co/a/b") == {"authorization": "Bearer hf_secret"}
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    with closing(library(load(data_dir=tmp_path))) as downloads:
        downloads.hub.variants(REPO)
    assert {key for _, _, key in hub.asked} == {""}


def test_a_proxy_that_cannot_be_used_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:1080")
    with pytest.raises(LibraryError, match="proxies or certificates"):
        Hub("https://hub.example").search("qwen")


def test_full_disk_is_told_before_anything_is_loaded(hub: FakeHub, downloads: Downloads) -> None:
    huge = Variant("Huge", "", (RemoteFile("huge.gguf", f"{hub.address}/{REPO}/resolve/main/x", 1 << 49),))
    job = loaded(downloads, downloads.add(REPO, huge))
    assert job.state == "failed" and job.error is not None and "GB are needed" in str(job.error)
    assert not any("resolve" in path for path, _, _ in hub.asked)


@pytest.mark.parametrize(
    "text", ["", "[", "[1, {}, null]", '[{"repo": "a/b", "variant": {"files": [{"path": "../x"}]}}]']
)
def test_list_of_downloads_that_makes_no_sense_is_empty(hub: FakeHub, tmp_path: Path, text: str) -> None:
    (tmp_path / "downloads.json").write_text(text, encoding="utf-8")
    downloads = Downloads(tmp_path, Hub(hub.address))
    assert downloads.jobs() == []
    downloads.close()


def test_a_listing_that_is_compressed_is_refused_before_it_is_unpacked() -> None:
    class Compressed(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            encodings.append(self.headers["accept-encoding"])
            body = gzip.compress(b"[" + b" " * 1_000_000 + b"]")
            self.send_response(200)
            self.send_header("content-encoding", "gzip")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    encodings: list[str | None] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Compressed)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    try:
        with pytest.raises(LibraryError):
            Hub(f"http://127.0.0.1:{server.server_address[1]}").search("r1")
    finally:
        server.shutdown()
        server.server_close()
    assert encodings == ["identity"]


def test_files_with_names_that_would_deceive_are_not_offered(hub: FakeHub) -> None:
    good = "Tiny-R1-Q4_K_M.gguf"
    deceiving = ("-rf.gguf", "a\x1b[2J.gguf", "..\\w.gguf", "a\u202efugg.gguf", "n" * 250 + ".gguf")
    hub.files[REPO] = dict.fromkeys((good, *deceiving), b"x")
    assert [file.name for variant in Hub(hub.address).variants(REPO) for file in variant.files] == [good]


def test_what_is_no_name_of_a_model_is_told_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "my model.gguf"
    file.write_bytes(b"GGUF")
    downloads = Downloads(tmp_path / "models", Hub("http://127.0.0.1:9"))
    for text, advice in (
        (str(file), f"into {tmp_path / 'models'}"),
        ("smollm9", "`r1chat models find smollm9` searches"),
        ("/no/such/file.gguf", "is no address of a model"),
        ("x" * 5000, "`r1chat models find"),
    ):
        with pytest.raises(LibraryError, match=re.escape(advice)):
            get(downloads, text)


# --- deleting ----------------------------------------------------------------------------------------------------


def namesakes(folder: Path) -> list[Path]:
    """Two models of one file name, as they stand in folders of their own."""
    files = [folder / "models" / place / "same-Q4_K_M.gguf" for place in ("p--q", "z--q")]
    for file in files:
        file.parent.mkdir(parents=True)
        shutil.copy(nano_model(), file)
    return files


@pytest.mark.parametrize(("name", "gone"), [("same-Q4_K_M", 0), ("z--q/same-Q4_K_M", 1)])
def test_deleting_a_model_leaves_the_one_of_the_same_file_name(tmp_path: Path, name: str, gone: int) -> None:
    files = namesakes(tmp_path)
    backend = LlamaServerBackend([tmp_path / "models"])
    with closing(build(load(data_dir=tmp_path), {"llama.cpp": backend})) as app:
        remove(app, f"llama.cpp:{name}")
        assert [file.exists() for file in files] == [gone != 0, gone != 1]
        with pytest.raises(LibraryError):
            remove(app, "llama.cpp:no such model")


def test_the_command_deletes_the_listed_model_alone(tmp_path: Path) -> None:
    files = namesakes(tmp_path)
    settings = load(data_dir=tmp_path)
    downloads = library(settings)
    remove_by_command(downloads, "z--q/same-Q4_K_M", own_models(settings).paths("z--q/same-Q4_K_M"))
    assert [file.exists() for file in files] == [True, False]
    with pytest.raises(LibraryError, match="There is no model r1chat-nano in"):
        remove_by_command(downloads, "r1chat-nano", own_models(settings).paths("r1chat-nano"))
    assert nano_model().exists()


def test_a_model_in_a_folder_that_is_linked_is_not_deleted(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(nano_model(), elsewhere / "mine.gguf")
    settings = load(data_dir=tmp_path)
    settings.models_folder.mkdir(parents=True)
    (settings.models_folder / "link").symlink_to(elsewhere)
    downloads = library(settings)
    with pytest.raises(LibraryError):
        remove_by_command(downloads, "mine", own_models(settings).paths("mine"))
    assert (elsewhere / "mine.gguf").exists()


# --- files of one name, and what others may have written ----------------------------------------------------------


def test_models_of_one_file_name_in_two_folders_are_two_downloads(hub: FakeHub, downloads: Downloads) -> None:
    other = bytes(reversed(DATA))
    hub.files[REPO] = {"Q4_K_M/model.gguf": DATA, "Q8_0/model.gguf": other, "whole/one.gguf": DATA}
    listed = downloads.hub.variants(REPO)
    assert {(item.quantisation, item.folder) for item in listed} == {("Q4_K_M", "Q4_K_M"), ("Q8_0", "Q8_0"), ("", "")}
    jobs = [
        loaded(downloads, downloads.add(REPO, choose(listed, name)))
        for name in ("Q4_K_M/model.gguf", "Q8_0/model.gguf")
    ]
    assert [downloads.path(job).read_bytes() for job in jobs] == [DATA, other]
    assert len({job.id for job in jobs}) == 2


def test_a_file_of_another_size_is_not_taken_for_the_one_that_was_asked_for(hub: FakeHub, downloads: Downloads) -> None:
    smallest = variant(hub)
    place = downloads.folder / REPO.replace("/", "--") / smallest.files[0].name
    place.parent.mkdir(parents=True)
    place.write_bytes(b"an older one")
    assert downloads.path(loaded(downloads, downloads.add(REPO, smallest))).read_bytes() == DATA


def test_a_link_where_a_file_should_grow_is_not_written_through(hub: FakeHub, downloads: Downloads) -> None:
    smallest = variant(hub)
    precious = downloads.folder.parent / "precious"
    precious.write_bytes(b"kept")
    place = downloads.folder / REPO.replace("/", "--") / f"{smallest.files[0].name}.part"
    place.parent.mkdir(parents=True)
    place.symlink_to(precious)
    assert downloads.path(loaded(downloads, downloads.add(REPO, smallest))).read_bytes() == DATA
    assert precious.read_bytes() == b"kept"


def test_paths_that_no_disk_holds_are_not_offered(hub: FakeHub) -> None:
    good = "Q4_K_M/Tiny-R1.gguf"
    bad = ("../Tiny.gguf", "a/../Tiny.gguf", "/Tiny.gguf", "a//Tiny.gguf", f"{'a' * 241}/T.gguf", f"{'a/' * 200}T.gguf")
    hub.files[REPO] = dict.fromkeys((good, *bad), b"x")
    assert [file.path for variant in Hub(hub.address).variants(REPO) for file in variant.files] == [good]
    rows = [{"type": "file", "path": path} for path in ("\ud800/m.gguf", good)]
    with other_port(lambda _: json.dumps(rows).encode()) as server:
        listed = Hub(server.origin).variants(REPO)
    assert [file.path for variant in listed for file in variant.files] == [good]


@pytest.mark.parametrize(
    "change",
    [
        {"repo": ".."},
        {"repo": "a/.."},
        {"repo": "other/Tiny-R1-GGUF"},
        {"repo": "a\ud800/b\0"},
        {"path": "settings.toml"},
        {"path": "../x.gguf"},
        {"url": "http://evil.example/x.gguf"},
        {"folder": "../.."},
        {"folder": "Q8_0"},
    ],
)
def test_a_list_of_downloads_that_others_wrote_leads_nowhere_else(
    hub: FakeHub, tmp_path: Path, change: dict[str, str]
) -> None:
    def jobs(**values: object) -> list[DownloadJob]:
        path = "Q4_K_M/Tiny-R1.gguf"
        row = {"repo": REPO, "path": path, "folder": "Q4_K_M", "url": Hub(hub.address).url(REPO, path)} | values
        file = {"path": row["path"], "url": row["url"], "size": values.get("size", 5), "sha256": 7}
        variant = {"name": "DeepSeek-R1", "quantisation": 5, "files": [file], "folder": row["folder"]}
        (tmp_path / "downloads.json").write_text(json.dumps([{"repo": row["repo"], "variant": variant}]))
        return Downloads(tmp_path, Hub(hub.address)).jobs()

    assert jobs(**change) == []
    for size in ("9", None, 10**400, -1, True, 0.5):
        [job] = jobs(size=size)
        assert (job.total, job.variant.name, job.variant.quantisation) == (0, "Tiny-R1", "Q4_K_M")
