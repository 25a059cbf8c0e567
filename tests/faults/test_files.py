"""Files of the data folder that are nothing that r1chat wrote, and texts that its files must bring back as they are."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path

import pytest
from full_disk import files_of_at_most

from r1chat.backends.llama.process import Process
from r1chat.config import change, load
from r1chat.errors import BackendError, ConfigError, PathError
from r1chat.evaluation.loading import load_task
from r1chat.files import replacing
from r1chat.learn.forgetting import forget_erased
from r1chat.learn.runs import Runs, RunWish
from r1chat.library import local
from r1chat.servers import Servers
from r1chat.store import Store, backup
from r1chat.ui.secrets import KEY_FILE, SERVING_FILE, last_serving, root_key

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


def test_a_list_of_servers_that_is_nested_too_deeply_is_told(tmp_path: Path) -> None:
    (tmp_path / "servers.json").write_text("[" * 200_000)
    with pytest.raises(ConfigError, match=r"servers\.json cannot be read"):
        Servers(tmp_path)


@needs_pipes
def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    for name in ("servers.json", SERVING_FILE):
        os.mkfifo(tmp_path / name)
    assert last_serving(tmp_path) is None
    os.mkfifo(tmp_path / "settings.toml")
    with pytest.raises(ConfigError, match=r"settings\.toml cannot be read"):
        load(data_dir=tmp_path)
    os.mkfifo(tmp_path / KEY_FILE)
    with pytest.raises(ConfigError, match="it is no file"):
        root_key(tmp_path)
    with pytest.raises(ConfigError, match=r"servers\.json cannot be read"):
        Servers(tmp_path)


@pytest.mark.parametrize(
    "text", ["\nBe kind.", "Be\r\nkind.", "\r\n", "One.\n\nTwo.\n", 'A "quote"""\n\\', "x", "'''\n"]
)
def test_a_text_of_the_settings_comes_back_as_it_is(tmp_path: Path, text: str) -> None:
    change(load(data_dir=tmp_path), system=text)
    assert load(data_dir=tmp_path).system == text


@pytest.mark.parametrize("path", ["~nosuchuser/x.gguf", "/a\0b.gguf"])
def test_a_path_of_a_file_that_is_none_is_told(path: str, tmp_path: Path) -> None:
    with pytest.raises(PathError, match="is no path of a file"):
        local.look_at(path)
    with pytest.raises(PathError, match="is no path of a file"):
        load_task(path, folder=tmp_path)
    with pytest.raises(PathError, match="is no path of a file"):
        backup.restore(Path(path), tmp_path / "r1chat.db")
    with pytest.raises(PathError, match="is no path of a file"):
        load(data_dir=Path(path))


def test_a_key_that_the_disk_could_not_hold_is_made_at_the_next_start(tmp_path: Path) -> None:
    with files_of_at_most(10), pytest.raises(ConfigError, match="cannot be used"):  # a key takes more
        root_key(tmp_path)
    assert root_key(tmp_path) == root_key(tmp_path)


def test_a_start_that_was_killed_before_it_wrote_its_key_does_not_hinder_the_next(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).touch()
    key = root_key(tmp_path)
    assert len(key) == 32 and root_key(tmp_path) == key
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]


def test_an_engine_without_room_for_its_messages_ends_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its standard error goes to a temporary file; where none can be made, that was no BackendError."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(BackendError, match="did not start a process"):
        Process("main")


@pytest.mark.parametrize("name", ["HOST", "DATA_DIR", "MODELS_DIR", "PORT"])
def test_an_empty_variable_is_as_none(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a compose file or a unit sets it, where the name that it takes the value from is not set."""
    monkeypatch.delenv("R1CHAT_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    usual = load().model_dump()
    monkeypatch.setenv(f"R1CHAT_{name}", "")
    assert load().model_dump() == usual and usual["host"] == "127.0.0.1"


def test_an_empty_host_is_as_none_in_the_file_and_as_a_flag(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('host = ""\nmodels_dir = ""\n')
    settings = load(data_dir=tmp_path, host="")
    assert (settings.host, settings.models_folder) == ("127.0.0.1", tmp_path / "models")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners here")
def test_a_key_is_for_the_eyes_of_its_owner_alone(tmp_path: Path) -> None:
    key = root_key(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)
    assert root_key(tmp_path) == key and (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_another_account_is_refused(tmp_path: Path) -> None:
    root_key(tmp_path)
    os.chown(tmp_path / KEY_FILE, 54_321, -1)
    with pytest.raises(ConfigError, match="another account"):
        root_key(tmp_path)


def test_a_number_without_end_in_the_settings_is_told(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(f"context = {'9' * 5_001}\n")
    with pytest.raises(ConfigError, match=r"settings\.toml cannot be read"):
        load(data_dir=tmp_path)


def test_what_a_killed_writer_left_goes_with_the_next_one_and_what_another_one_writes_stays(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    left = {days: tmp_path / f".pairs.jsonl.{days:08}.part" for days in (0, 2)}
    for days, part in left.items():
        part.write_text("private")
        os.utime(part, (time.time() - 86_400 * days,) * 2)
    with replacing(file) as stream:
        stream.write(b"whole")
    assert file.read_bytes() == b"whole"
    assert left[0].exists() and not left[2].exists()


def test_what_a_killed_training_left_of_its_data_goes(tmp_path: Path) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'r1chat.db'}")) as store:
        run = Runs(tmp_path).begin(RunWish("prefer", "llama.cpp:x"))
        for age in (0, 120):
            part = run.folder / f".data.jsonl.{age:08}.part"
            part.write_text("private")
            os.utime(part, (time.time() - age,) * 2)
        forget_erased(store, Runs(tmp_path))
        assert [file.name for file in run.folder.glob(".*.part")] == [".data.jsonl.00000000.part"]
        run.drop_data()
        assert not [*run.folder.glob(".*.part")]
