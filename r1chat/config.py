"""Settings, in order of precedence: flags, the environment (`R1CHAT_…`), `settings.toml` in the data folder, defaults.

Defines what can be set and where data are stored; does not know how a setting is used.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_data_path
from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from r1chat.both import Both
from r1chat.errors import ConfigError, PathError
from r1chat.files import named_path, read_text, replacing, require_no_links
from r1chat.loopback import is_loopback, is_this_computer
from r1chat.messages import Params

BackendName = Literal["llama.cpp", "ollama", "openai"]
Thinking = Literal["", "off", "on", "minimal", "low", "medium", "high", "xhigh", "max"]
Titles = Literal["local", "all", "off"]
FILE_NAME = "settings.toml"
RUN_FILE = "run.json"  # makes a data folder an evaluation's run, which has no settings and no servers
_LARGEST = 16 << 20  # bytes of settings.toml: a system prompt may have a million characters
FIRST_PORT = 7860  # of the page, where none is given
LAST_PORT = 65_535
_RATER = "rater"  # the file in the data folder
_LONGEST_RATER = 64  # characters
NANO = "r1chat-nano"  # the model that ships with r1chat


def _split(separator: str) -> Callable[[Any], Any]:
    """Accept a list that is written as one string, as in an environment variable."""
    return lambda value: [part for part in value.split(separator) if part] if isinstance(value, str) else value


def _with_valid_port(address: str) -> str:
    port = re.search(r":(\d+)(?:/|$)", address.partition("://")[2] or address)
    if port and int(port[1]) > LAST_PORT:
        raise ValueError(f"port {port[1]} does not exist, the last one is {LAST_PORT}")
    return address


def is_key(text: str) -> bool:
    """Whether a text can be sent as a key: ASCII that can be seen, without blanks; "" is no key, and can be."""
    return all("!" <= char <= "~" for char in text)


def _as_key(value: SecretStr) -> SecretStr:
    key = value.get_secret_value().strip()
    if not is_key(key):
        raise PydanticCustomError(_NO_KEY, BAD_KEY.en)
    return SecretStr(key)


Key = Annotated[SecretStr, AfterValidator(_as_key)]
Address = Annotated[str, AfterValidator(_with_valid_port)]


class Settings(BaseSettings):
    """All settings. Each field can be a line of `settings.toml` and an environment variable `R1CHAT_<FIELD>`."""

    model_config = SettingsConfigDict(
        env_prefix="R1CHAT_", env_ignore_empty=True, extra="forbid", frozen=True, populate_by_name=True
    )

    # where things are kept
    data_dir: Path = Field(default_factory=lambda: user_data_path("r1chat", appauthor=False))
    models_dir: Path | None = None  # GGUF files; default: models/ in the data folder
    model_path: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_split(os.pathsep))] = ()  # more files or folders
    find_models: bool = True  # list GGUF files of Ollama, LM Studio, Jan, GPT4All, the Hugging Face cache, too
    database_url: str = ""  # default: SQLite in the data folder

    # which model answers
    backend: BackendName | None = None
    model: str = ""
    ollama_host: Address = Field("", validation_alias=AliasChoices("R1CHAT_OLLAMA_HOST", "OLLAMA_HOST"))
    ollama: bool = True  # look for an Ollama server
    base_url: Address = ""  # an OpenAI-compatible server
    api_key: Key = SecretStr("")

    # how it runs
    context: int = Field(16384, ge=256)  # tokens
    gpu_layers: int | None = Field(None, ge=-1)  # -1: all; default: as many as fit
    threads: int | None = Field(None, ge=1)
    measure_speed: bool = True  # time this machine once, for some seconds, when a forecast is asked for
    hub: str = Field("", validation_alias=AliasChoices("R1CHAT_HUB", "HF_ENDPOINT"))  # default: Hugging Face
    hub_token: Key = SecretStr("")
    hf_token: Key = Field(SecretStr(""), validation_alias="HF_TOKEN")  # for Hugging Face itself, and no other hub
    keep_alive: str = "30m"  # how long Ollama keeps a model in memory

    # how it samples
    temperature: float = Field(0.6, ge=0, le=5)
    top_p: float = Field(0.95, gt=0, le=1)
    top_k: int = Field(0, ge=0)
    min_p: float = Field(0.0, ge=0, lt=1)
    repeat_penalty: float = Field(1.0, gt=0)
    presence_penalty: float = Field(0.0, ge=-2, le=2)
    max_tokens: int | None = Field(None, ge=1)
    seed: int | None = Field(None, ge=0)

    # how it behaves, in new conversations
    system: str = ""  # the system prompt
    thinking: Thinking = ""  # off, on, or an effort that the model knows; default: the model's own way

    # what is written in idle time
    titles: Titles = "local"  # conversations are named by their model: by local ones, by all, or by none (off)

    # how it learns
    rater: str = ""  # who judges, a pseudonym; default: drawn once, and kept in the data folder

    # the page
    host: str = "127.0.0.1"
    port: int | None = Field(None, ge=0, le=LAST_PORT)  # default: the first free one from 7860
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split(","))] = ()  # more names of the page
    open_browser: bool = True

    @property
    def preferred_sampling(self) -> dict[str, Any]:
        """The sampling parameters that the person set, by name; for the others each model's maker is asked."""
        names = {field.name for field in fields(Params)} & self.model_fields_set
        return {name: value for name in sorted(names) if (value := getattr(self, name)) is not None}

    @property
    def params(self) -> Params:
        """The default sampling parameters of a reply."""
        return Params(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p,
            repeat_penalty=self.repeat_penalty,
            seed=self.seed,
            max_tokens=self.max_tokens,
            presence_penalty=self.presence_penalty,
        )

    @property
    def models_folder(self) -> Path:
        """Where a person puts GGUF files."""
        return self.models_dir or self.data_dir / "models"

    @property
    def database(self) -> str:
        """The database as a URL."""
        return self.database_url or f"sqlite:///{self.data_dir / 'r1chat.db'}"


_ALIASES = {  # the variables of fields that have more than one
    name: tuple(map(str, field.validation_alias.choices))
    for name, field in Settings.model_fields.items()
    if isinstance(field.validation_alias, AliasChoices)
}


def is_run(folder: Path) -> bool:
    """Whether a data folder is an evaluation's run: others may have made it."""
    return os.path.lexists(folder / RUN_FILE)


def nano_model() -> Path:
    """The file of the model that ships with r1chat: in the package, or beside it in a checkout."""
    package = Path(__file__).parent
    packaged = package / "assets" / f"{NANO}.gguf"
    return packaged if packaged.exists() else package.parent / "assets" / f"{NANO}.gguf"


def is_usual(folder: Path) -> bool:
    """Whether a data folder is the person's usual one, or the one that is named there. Others may have made any other:
    it names no place outside this computer, to which keys and messages would go.
    """
    usual = _usual()
    if folder.resolve() == usual.resolve():
        return True
    with suppress(ConfigError):  # of a file that is not asked for now
        line = {} if is_run(usual) else _read(usual / FILE_NAME)
        return "data_dir" in line and folder.resolve() == named_path(str(line["data_dir"])).resolve()
    return False


def is_elsewhere(address: str, is_here: Callable[[str], bool] = is_this_computer) -> bool:
    """Whether an address leads out of this computer; also one of odd form, which programs may read in other ways."""
    match = _PLAIN_ADDRESS.fullmatch(address)
    return match is None or not is_here(match["host"])


_PLAIN_ADDRESS = re.compile(
    r"(?:https?://)?(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d+)?(?:/[a-z0-9/._-]*)?", re.IGNORECASE
)


def _usual() -> Path:
    default = Settings.model_fields["data_dir"].get_default(call_default_factory=True, validated_data={})
    return named_path(os.environ.get("R1CHAT_DATA_DIR") or default)


def _require_nothing_elsewhere(
    settings: Settings, lines: Mapping[str, Any], flags: Mapping[str, Any], file: Path
) -> None:
    """Raise ConfigError where lines in force name places outside this computer, to connect to or to be reached from.

    For a folder that is not the person's usual one. What a flag or a variable says is the person's own. A database is
    none of its business: drivers take its address from many places.
    """
    for name in ("base_url", "ollama_host", "hub", "database_url", "host", "allowed_hosts"):
        value, variable = getattr(settings, name), f"R1CHAT_{name.upper()}"
        line = tuple(_split(",")(lines.get(name, ()))) if name == "allowed_hosts" else lines.get(name, "")
        own = [os.environ[other] for other in (variable, *_ALIASES.get(name, ())) if os.environ.get(other)]
        if not value or value != line or name in flags or str(lines[name]) in own:
            continue
        is_here = is_loopback if name == "host" else is_this_computer
        if name in ("allowed_hosts", "database_url") or is_elsewhere(value, is_here):
            raise ConfigError(_ELSEWHERE.format(file=file, name=name, value=lines[name], variable=variable))


_lines: ContextVar[dict[str, Any]] = ContextVar("_lines")  # of the settings file that is being read


class _WithFile(Settings):
    """Settings from arguments, variables and the lines of a file: one class, since to make one takes 2 ms."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _lines.get  # type: ignore[return-value]


def load(**flags: Any) -> Settings:
    """The settings in force. What is empty, as a flag, a variable or a line, counts as absent.

    Raises ConfigError, and PathError for a data folder that cannot be.
    """
    present = {name: value for name, value in flags.items() if value not in (None, "", ())}
    folder = named_path(present["data_dir"]) if "data_dir" in present else _usual()
    file = folder / FILE_NAME
    lines = {} if is_run(folder) else {name: value for name, value in _read(file).items() if value != ""}
    if unknown := lines.keys() - Settings.model_fields.keys():  # the names of variables, too, which pydantic would take
        faults = _joined([_unknown(name) for name in sorted(unknown)])
        raise ConfigError(_BAD_SETTINGS.format(faults=faults, file=file))
    for name, variables in _ALIASES.items():
        if any(map(os.environ.get, variables)):
            lines.pop(name, None)  # pydantic would find it twice
    token = _lines.set(lines)
    try:
        settings = _WithFile(**present)
    except ValidationError as error:
        raise ConfigError(_sentence(error, file)) from None
    finally:
        _lines.reset(token)
    if not is_usual(folder):
        _require_nothing_elsewhere(settings, lines, present, file)
    return settings.model_copy(update={"data_dir": named_path(settings.data_dir)})


MAY_BE_LINKS = (FILE_NAME, "r1chat.db")  # in the data folder: people keep these elsewhere


def prepare(settings: Settings) -> None:
    """Create the data folder and the models folder. Raises ConfigError where that is not possible."""
    for folder in (settings.data_dir, settings.models_folder):
        try:
            folder.mkdir(0o700, parents=True, exist_ok=True)  # for its owner alone
        except OSError as error:
            raise ConfigError(_NO_FOLDER.format(folder=folder, reason=error.strerror)) from None
    if not os.access(settings.data_dir, os.W_OK | os.X_OK):
        raise ConfigError(_READ_ONLY.format(folder=settings.data_dir))
    try:
        require_no_links(settings.data_dir, MAY_BE_LINKS)
    except PathError as error:
        raise ConfigError(error.text) from None


def change(settings: Settings, **values: str) -> Settings:
    """Write settings into `settings.toml`, where other lines and comments stay; the settings that are in force then.

    An empty value takes the line out. Raises ConfigError, ExportError where the file cannot be read or written.
    """
    import tomlkit

    file = settings.data_dir / FILE_NAME
    try:
        lines = tomlkit.parse(file.read_text(encoding="utf-8")) if file.exists() else tomlkit.document()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError(_BAD_FILE.format(file=file, reason=error)) from None
    for name, value in values.items():
        if value:
            readable = "\n" in value and not value.startswith("\n") and "\r" not in value  # TOML would leave these out
            lines[name] = tomlkit.string(value, multiline=readable)
        else:
            lines.pop(name, None)
    with replacing(file) as stream:
        stream.write(tomlkit.dumps(lines).encode())
    return settings.model_copy(update=values)


def own_rater(settings: Settings) -> str:
    """The pseudonym under which judgements are stored; drawn at random the first time. Raises ConfigError."""
    if settings.rater:
        return settings.rater
    file = settings.data_dir / "rater"
    try:
        if os.path.lexists(file) and (file.is_symlink() or not file.is_file()):  # what it leads to would be exported
            raise OSError("not a plain file")
        if not file.exists() or not file.stat().st_size:  # empty: a process was killed while it wrote
            file.touch(mode=0o600)
            file.write_text(f"rater-{secrets.token_hex(4)}\n", encoding="utf-8")
        return file.read_text(encoding="utf-8").strip()[:64]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(_NO_RATER.format(file=file, reason=error)) from None


def known_rater(settings: Settings) -> str:
    """The pseudonym of the settings or the data folder; "" where `own_rater` would draw one. Raises ConfigError."""
    try:
        file = (settings.data_dir / _RATER).lstat()
        there = file.st_size > 0 or not stat.S_ISREG(file.st_mode)
    except OSError:
        there = False
    return own_rater(settings) if settings.rater or there else ""


def keep_rater(settings: Settings, rater: str) -> bool:
    """Judge under this pseudonym from now on, where none is known yet; whether the file can hold it.

    Raises ConfigError, ExportError.
    """
    if rater != rater.strip()[:_LONGEST_RATER] or not rater.isprintable():
        return False
    prepare(settings)
    with replacing(settings.data_dir / _RATER) as stream:
        stream.write(f"{rater}\n".encode())
    return True


_ELSEWHERE = Both(
    "{file} says {name} = {value}, which is or may be outside this computer, and the folder is not your usual one. "
    "If you want that, say it yourself with the variable {variable}, or make the folder your usual one with "
    "R1CHAT_DATA_DIR; else take the line out. Nothing was sent.",
    "{file} 中的 {name} = {value} 指向或可能指向这台电脑之外，而这不是你平常使用的数据文件夹。如果确实需要，"
    "请用环境变量 {variable} 自行指定，或用 R1CHAT_DATA_DIR 把它设为常用文件夹；否则请删除这一行。没有发送任何内容。",
)
_NO_FOLDER = Both(
    "The folder {folder} cannot be created ({reason}). Choose another one with --data-dir, or with the variable "
    "R1CHAT_DATA_DIR.",
    "无法创建文件夹 {folder}（{reason}）。请用 --data-dir 或环境变量 R1CHAT_DATA_DIR 另选一个。",
)
_READ_ONLY = Both(
    "The data folder {folder} cannot be written to. Change its permissions, or choose another one with --data-dir or "
    "the variable R1CHAT_DATA_DIR.",
    "数据文件夹 {folder} 不可写。请修改它的权限，或用 --data-dir 或环境变量 R1CHAT_DATA_DIR 另选一个。",
)
_NO_RATER = Both(
    "The file {file} cannot be used: {reason}. Delete it, or set R1CHAT_RATER.",
    "文件 {file} 无法使用：{reason}。请删除它，或设置 R1CHAT_RATER。",
)
_BAD_FILE = Both(
    "The settings file {file} cannot be read: {reason}. Correct it or move it away.",
    "设置文件 {file} 无法读取：{reason}。请改正它，或把它移走。",
)
_BAD_SETTINGS = Both(
    "Some settings cannot be used: {faults}. They come from flags, from variables R1CHAT_<NAME>, or from {file}.",
    "有些设置无法使用：{faults}。它们来自命令行选项、环境变量 R1CHAT_<名称> 或 {file}。",
)
_UNKNOWN = Both("there is no setting {name!r}", "没有名为 {name!r} 的设置")
_VARIABLE = Both("{name} is a variable; its line is {line} = …", "{name} 是环境变量的名称；对应的行是 {line} = …")
_NO_KEY = "key"  # the type of that error, among pydantic's
BAD_KEY = Both(
    "it holds a character that no key has: a blank, an invisible character, or a dash or letter that is not ASCII. "
    "Copy the key once more, without what stands around it",
    "其中有密钥不会有的字符：空格、不可见字符，或非 ASCII 的横线或字母。请重新复制密钥，不要带上周围的内容",
)
_FAULTS = {  # pydantic's error types that settings can have
    "greater_than_equal": Both("must be at least {ge}", "不能小于 {ge}"),
    "greater_than": Both("must be greater than {gt}", "必须大于 {gt}"),
    "less_than_equal": Both("must be at most {le}", "不能大于 {le}"),
    "less_than": Both("must be less than {lt}", "必须小于 {lt}"),
    "int_parsing": Both("must be a whole number", "必须是整数"),
    "float_parsing": Both("must be a number", "必须是数字"),
    "bool_parsing": Both("must be true or false", "必须是 true 或 false"),
    "literal_error": Both("must be one of {expected}", "必须是其中之一：{expected}"),
    _NO_KEY: BAD_KEY,
    "value_error": Both("{error}", "{error}"),
}


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(file, _LARGEST))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:  # of TOML, of UTF-8, of a number of thousands of digits
        raise ConfigError(_BAD_FILE.format(file=file, reason=error)) from None
    except RecursionError:
        raise ConfigError(_BAD_FILE.format(file=file, reason="nested too deeply")) from None


_SECRET = ("_key", "_token")  # how the names of settings end whose values are never shown


def _sentence(error: ValidationError, file: Path) -> Both:
    """What is wrong with the settings, one fault after the other."""
    faults = []
    for item in error.errors():
        name = str(item["loc"][0]) if item["loc"] else "settings"
        if item["type"] == "extra_forbidden":
            faults.append(_UNKNOWN.format(name=name))
            continue
        fault = _FAULTS.get(item["type"])
        reason = fault.format(**item.get("ctx", {})) if fault else Both(item["msg"].lower(), item["msg"])
        faults.append(
            Both("{name} = {value!r}: {reason}", "{name} = {value!r}：{reason}").format(
                name=name, value="…" if name.lower().endswith(_SECRET) else item["input"], reason=reason
            )
        )
    return _BAD_SETTINGS.format(faults=_joined(faults), file=file)


def _unknown(name: str) -> Both:
    """That a settings file has no such line, and its name where that is a setting's variable."""
    aliases = (field for field, variables in _ALIASES.items() if name in variables)
    field = next(aliases, name.lower().removeprefix("r1chat_"))
    known = field in Settings.model_fields
    return (_VARIABLE if known else _UNKNOWN).format(name=name, line=field)


def _joined(faults: Sequence[Both]) -> Both:
    return Both("; ".join(fault.en for fault in faults), "；".join(fault.zh for fault in faults))
