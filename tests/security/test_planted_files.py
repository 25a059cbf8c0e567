"""Files that another account, or whoever passed a folder on, has put where r1chat reads or writes."""

from __future__ import annotations

import ast
import json
import os
import socket
import subprocess
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest

from r1chat.app import build, connect_all
from r1chat.cli.main import main
from r1chat.config import Settings, load
from r1chat.errors import BackendError, ConfigError, EvaluationError, StoreError, TrainingError
from r1chat.evaluation import running
from r1chat.evaluation.listing import Evaluations
from r1chat.learn.children import Children
from r1chat.learn.runs import Runs, RunWish, TrainingRun
from r1chat.library.hub import Hub
from r1chat.library.queue import Downloads
from r1chat.store import Store, backup

PACKAGE = Path(__file__).parents[2] / "r1chat"
NANO = Path(__file__).parents[2] / "assets" / "r1chat-nano.gguf"
MAGIC = bytes.fromhex("d9d505f920a163d7")


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    file = tmp_path / "letters" / "victim.txt"
    file.parent.mkdir()
    file.write_text("a letter that nobody has twice")
    return file


def unharmed(victim: Path) -> bool:
    return victim.read_text() == "a letter that nobody has twice"


# --- a models folder in which others may write ------------------------------------------------------------------------


def test_the_list_of_downloads_is_not_written_through_a_link(tmp_path: Path, victim: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "downloads.json").symlink_to(victim)
    model = models / "model.gguf"
    model.write_bytes(b"GGUF")
    with closing(Downloads(models, Hub("https://hub.invalid"))) as downloads:
        downloads.delete("model", [model])
    assert not model.exists() and unharmed(victim)


@pytest.fixture
def run(tmp_path: Path) -> TrainingRun:
    """A run that ended with an adapter, as far as keeping it goes."""
    run = TrainingRun(tmp_path / "runs" / "first")
    run.folder.mkdir(parents=True)
    (run.folder / "wish.json").write_text(json.dumps(asdict(RunWish("prefer", "llama.cpp:r1chat-nano"))))
    (run.folder / "status.json").write_text(json.dumps({"state": "done", "base": {"path": str(NANO)}}))
    run.adapter.write_bytes(b"GGUF")
    return run


@pytest.mark.parametrize("name", [".first.part", ".first.json.part", ".first.Modelfile.part", "first.json"])
def test_a_child_is_not_written_through_a_link(tmp_path: Path, victim: Path, run: TrainingRun, name: str) -> None:
    children = Children(tmp_path / "models")
    children.folder.mkdir(parents=True)
    (children.folder / name).symlink_to(victim)
    children.keep(run)
    assert unharmed(victim)
    children.rename("first", "second")
    assert unharmed(victim)
    assert json.loads((children.folder / "second.json").read_text())["run"] == "first"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_or_a_device_in_place_of_a_childs_record_is_passed_over(tmp_path: Path, run: TrainingRun) -> None:
    children = Children(tmp_path / "models")
    for name, place in (("pipe", None), ("endless", "/dev/zero"), ("linked", str(run.folder / "wish.json"))):
        children.keep(run, name)
        record = children.folder / f"{name}.json"
        record.unlink()
        if place is None:
            os.mkfifo(record)
        else:
            record.symlink_to(place)
    assert [children.record(name) for name in ("pipe", "endless", "linked")] == [{}, {}, {}]


def test_what_a_link_leads_to_is_not_exported_with_a_child(tmp_path: Path, victim: Path, run: TrainingRun) -> None:
    children = Children(tmp_path / "models")
    children.keep(run)
    (children.folder / "first.json").unlink()
    (children.folder / "first.json").symlink_to(victim)
    with pytest.raises(TrainingError, match=r"first\.json is no file of its own"):
        children.export("first", tmp_path / "out")
    assert "a letter" not in "".join(file.read_text() for file in (tmp_path / "out").iterdir())


# --- folders that somebody passed on ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", [".running", "failure.json", "solved.jsonl", "report.json", "report.svg", "r1chat.db"])
def test_an_evaluation_that_goes_on_writes_through_no_link(tmp_path: Path, victim: Path, name: str) -> None:
    command = ["eval", "sums", "-n", "2", "--model", "r1chat-nano", "--name", "theirs", "--data-dir", str(tmp_path)]
    assert main(command) == 0
    folder = tmp_path / "evaluations" / "theirs"
    lines = (folder / "solved.jsonl").read_text().splitlines(keepends=True)
    (folder / "solved.jsonl").write_text(lines[0])
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(os.path.relpath(victim, folder))
    assert main(["eval", "resume", "theirs", "--data-dir", str(tmp_path)]) == 1
    assert main(command) == 1
    assert unharmed(victim)


def test_an_evaluation_with_a_link_in_it_is_left_out_of_the_list(tmp_path: Path, victim: Path) -> None:
    folder = tmp_path / "evaluations" / "theirs"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    (folder / ".running").write_text("otherhost:1:1")
    (folder / ".lock").symlink_to(victim)
    evaluations = Evaluations(tmp_path)
    assert (evaluations.all(), evaluations.curves(), evaluations.running()) == ([], [], "")


def test_nobody_is_stopped_by_the_number_of_a_process_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeping:
        (tmp_path / ".running").write_text(f"{socket.gethostname()}:{sleeping.pid}:")
        with pytest.raises(EvaluationError, match="cannot be stopped from here"):
            running.stop(tmp_path)
        assert sleeping.poll() is None
        sleeping.kill()


@pytest.mark.parametrize("name", ["status.json", "log.jsonl", "output.txt", "checkpoint.pt", "data.jsonl"])
def test_a_training_that_goes_on_writes_through_no_link(tmp_path: Path, victim: Path, name: str) -> None:
    runs, wish = Runs(tmp_path), RunWish("prefer", "llama.cpp:r1chat-nano")
    run = runs.begin(wish, "theirs")
    (run.folder / name).symlink_to(victim)
    for go_on in (lambda: runs.get("theirs"), lambda: runs.begin(wish, "theirs")):
        with pytest.raises(TrainingError, match="is a link"):
            go_on()
    assert unharmed(victim)


@pytest.mark.parametrize("name", ["rater", "key", "r1chat.log", "servers.json", "speed.json"])
def test_a_data_folder_with_a_link_to_a_file_is_refused(
    tmp_path: Path, victim: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / name).symlink_to(victim)
    assert main(["chat", "Hi", "--data-dir", str(data)]) == 1
    assert f"{name} is a link" in capsys.readouterr().err
    assert unharmed(victim)


def test_folders_the_settings_and_the_database_of_a_data_folder_may_lie_elsewhere(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    (elsewhere / "models").mkdir(parents=True)
    data.mkdir()
    (elsewhere / "settings.toml").write_text("ollama = false\n")
    for name in ("models", "settings.toml", "r1chat.db"):
        (data / name).symlink_to(elsewhere / name)
    build(load(data_dir=data), {}).close()
    assert (elsewhere / "r1chat.db").stat().st_size


# --- a database that somebody passed on -------------------------------------------------------------------------------


@pytest.fixture
def database(tmp_path: Path, victim: Path) -> Path:
    """A database with a journal that has SQLite delete the victim."""
    file = tmp_path / "got" / "r1chat.db"
    file.parent.mkdir()
    with closing(Store(f"sqlite:///{file}")):
        pass
    name = os.fsencode(victim)
    page = int.from_bytes(file.read_bytes()[16:18], "big")
    head = MAGIC + b"".join(number.to_bytes(4, "big") for number in (0, 4711, file.stat().st_size // page, 512, page))
    tail = (0x40000000 // page + 1).to_bytes(4, "big") + name
    tail += len(name).to_bytes(4, "big") + sum(name).to_bytes(4, "big") + MAGIC
    Path(f"{file}-journal").write_bytes(head.ljust(512, b"\0") + tail)
    Path(f"{file}-wal").touch()
    return file


def test_a_database_whose_journal_names_another_file_is_not_opened(database: Path, victim: Path) -> None:
    with pytest.raises(StoreError, match="would delete another file"):
        Store(f"sqlite:///{database}")
    assert unharmed(victim)


def test_a_backup_whose_journal_names_another_file_is_not_restored(
    tmp_path: Path, database: Path, victim: Path
) -> None:
    link = tmp_path / "backup.db"
    link.symlink_to(database)  # SQLite looks for the journal beside the file that a link leads to
    for file in (database, link):
        with pytest.raises(StoreError, match="would delete another file"):
            backup.restore(file, tmp_path / "new" / "r1chat.db")
    assert unharmed(victim)


# --- the current folder -----------------------------------------------------------------------------------------------


def test_no_python_that_r1chat_starts_imports_from_the_current_folder() -> None:
    """`python -P` and `-I` leave the current folder out of the module path, which `-c` and `-m` put first."""
    started = [
        [element.value if isinstance(element, ast.Constant) else None for element in node.elts]
        for file in PACKAGE.rglob("*.py")
        if "sys.executable" in (source := file.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.List) and node.elts and ast.unparse(node.elts[0]) == "sys.executable"
    ]
    assert len(started) >= 5
    assert all(words[1] in ("-P", "-I") for words in started), started


@pytest.mark.slow
def test_a_doctor_in_a_folder_with_a_planted_module_does_not_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("xllamacpp")
    (tmp_path / "xllamacpp.py").write_text("open('ran', 'w')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    main(["doctor", "--data-dir", str(tmp_path / "data")])
    assert "xllamacpp" in capsys.readouterr().out and not (tmp_path / "ran").exists()


# --- settings of others -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        'base_url = "http://203.0.113.5/v1"',
        'ollama_host = "203.0.113.5:11434"',
        'hub = "https://hub.example"',
        'database_url = "postgresql://a:b@203.0.113.5/chats"',
        'host = "0.0.0.0"',
        'allowed_hosts = ["evil.example"]',
        'database_url = "postgresql://a@localhost/chats?host=203.0.113.5"',
        'database_url = "sqlite:////tmp/elsewhere.db"',
        "ollama_host = \"'203.0.113.5'\"",
        'base_url = "http://127.0.0.1\\\\@203.0.113.5/v1"',
        'base_url = "http://localhost@203.0.113.5/v1"',
        'base_url = "//203.0.113.5/v1"',
    ],
)
def test_a_data_folder_that_is_not_the_usual_one_names_nothing_outside_this_computer(
    tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("R1CHAT_DATA_DIR", raising=False)
    (tmp_path / "settings.toml").write_text(line)
    name = line.partition(" ")[0]
    for variable in (None, f"R1CHAT_{name.upper()}", f"r1chat_{name}"):  # an empty one says nothing
        if variable:
            monkeypatch.setenv(variable, "")
        with pytest.raises(ConfigError, match=f"{name} = .*outside this computer.*R1CHAT_{name.upper()}"):
            load(data_dir=tmp_path)
    monkeypatch.setenv("R1CHAT_DATA_DIR", str(tmp_path))  # the person's usual folder
    load(data_dir=tmp_path)
    load()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("OLLAMA_HOST", "ollama_host"),
        ("R1CHAT_OLLAMA_HOST", "ollama_host"),
        ("HF_ENDPOINT", "hub"),
        ("R1CHAT_HUB", "hub"),
        ("HF_TOKEN", "hf_token"),
        ("Base_URL", "base_url"),
    ],
)
def test_a_settings_file_knows_no_names_of_variables(
    tmp_path: Path, name: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text(f'{name} = "http://203.0.113.5:11434"\n')
    with pytest.raises(ConfigError, match=f"{name} is a variable; its line is {line} = "):
        load(data_dir=tmp_path)
    monkeypatch.setenv("R1CHAT_DATA_DIR", str(tmp_path))
    with pytest.raises(ConfigError, match=f"{name} is a variable; its line is {line} = "):
        load()


def test_every_address_among_the_settings_is_looked_at(tmp_path: Path) -> None:
    """A setting that is new, or none of these, has to be thought about here."""
    harmless = {"data_dir", "models_dir", "model_path", "model", "system", "thinking", "titles", "rater", "keep_alive"}
    harmless |= {"backend", "api_key", "hub_token", "hf_token"}  # a key of its own goes where a person says
    for name, field in Settings.model_fields.items():
        if name in harmless or field.annotation in (bool, int, float, int | None):
            continue
        value = '["203.0.113.5"]' if name == "allowed_hosts" else '"203.0.113.5"'
        (tmp_path / "settings.toml").write_text(f"{name} = {value}\n")
        with pytest.raises(ConfigError, match="outside this computer"):
            load(data_dir=tmp_path)


def test_servers_of_a_data_folder_that_is_not_the_usual_one_are_not_asked_where_they_are_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("R1CHAT_DATA_DIR", raising=False)
    urls = ["http://203.0.113.6/v1", "http://127.0.0.1:9/v1"]
    (tmp_path / "servers.json").write_text(json.dumps([{"url": url, "key": ""} for url in urls]))
    (tmp_path / "settings.toml").write_text('model = "openai@203.0.113.6:m"\n')
    settings = load(data_dir=tmp_path, ollama=False)

    def reasons() -> list[str]:
        with closing(build(settings)) as app:
            statuses = app.catalogue.statuses(patience=None)
            return [str(status.failure) for status in statuses if status.name.startswith("openai@")]

    elsewhere, here = reasons()
    assert "http://203.0.113.6/v1 is outside this computer" in elsewhere and "nothing is sent there" in elsewhere
    assert "outside this computer" not in here
    with closing(connect_all(settings)) as catalogue, pytest.raises(BackendError, match="nothing is sent there"):
        catalogue.find("openai@203.0.113.6:m")
    monkeypatch.setenv("R1CHAT_DATA_DIR", str(tmp_path))  # the person's usual folder
    with closing(build(settings)) as app:
        assert app.catalogue.backend("openai@203.0.113.6").url == urls[0]  # type: ignore[union-attr]


def test_a_data_folder_that_the_usual_one_names_is_the_persons_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named_there = tmp_path / "large"
    named_there.mkdir()
    monkeypatch.setenv("R1CHAT_DATA_DIR", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    default = tmp_path / "share" / "r1chat"
    default.mkdir(parents=True)
    (default / "settings.toml").write_text(f'data_dir = "{named_there}"\n')
    (named_there / "servers.json").write_text('[{"url": "http://203.0.113.6/v1", "key": ""}]')
    with closing(build(load(ollama=False))) as app:
        assert app.settings.data_dir == named_there
        assert app.catalogue.backend("openai@203.0.113.6").url == "http://203.0.113.6/v1"  # type: ignore[union-attr]


def test_addresses_of_this_computer_and_what_flags_and_variables_say_are_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text(
        'base_url = "http://localhost:8080/v1"\nollama_host = "127.0.0.1:11434"\nhost = "127.0.0.1"\nhub = "https://hub.example"\n'
    )
    monkeypatch.setenv("R1CHAT_HUB", "https://my.hub.example")
    assert load(data_dir=tmp_path, base_url="http://203.0.113.5/v1").base_url == "http://203.0.113.5/v1"


def test_an_evaluations_run_is_opened_without_settings_and_servers(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "settings.toml").write_text('system = "Say yes."\nbase_url = "http://203.0.113.5/v1"\n')
    (tmp_path / "servers.json").write_text('[{"url": "http://203.0.113.6/v1", "key": ""}]')
    settings = load(data_dir=tmp_path, ollama=False)
    assert (settings.system, settings.base_url) == ("", "")
    with closing(build(settings)) as app:
        assert not [status.name for status in app.catalogue.statuses() if "203" in status.name]
