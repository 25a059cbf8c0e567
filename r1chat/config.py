"""Settings: defaults < `settings.toml` in the data folder < environment (`R1CHAT_…`) < flags.

Owns where things are kept and what may be set; knows nothing of what is done with it.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_data_path
from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from r1chat.errors import ConfigError
from r1chat.messages import Params

BackendName = Literal["llama.cpp", "ollama", "openai"]
FILE_NAME = "settings.toml"
FIRST_PORT = 7860
NANO = "r1chat-nano"  # the model that ships with r1chat


def _split(separator: str) -> Callable[[Any], Any]:
    """Lets a list be written as one string, as environment variables need it."""
    return lambda value: [part for part in value.split(separator) if part] if isinstance(value, str) else value


class Settings(BaseSettings):
    """Everything that can be set. Each field is also a line of `settings.toml` and a variable `R1CHAT_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="R1CHAT_", extra="forbid", frozen=True, populate_by_name=True)

    # where things are kept
    data_dir: Path = Field(default_factory=lambda: user_data_path("r1chat", appauthor=False))
    models_dir: Path | None = None  # GGUF files; default: models/ in the data folder
    model_path: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_split(os.pathsep))] = ()  # more files or folders
    database_url: str = ""  # default: SQLite in the data folder

    # which model answers
    backend: BackendName | None = None
    model: str = ""
    ollama_host: str = Field("", validation_alias=AliasChoices("R1CHAT_OLLAMA_HOST", "OLLAMA_HOST"))
    ollama: bool = True  # look for an Ollama server
    base_url: str = ""  # an OpenAI-compatible server
    api_key: SecretStr = SecretStr("")

    # how it runs
    context: int = Field(16384, ge=256)  # tokens
    gpu_layers: int = Field(0, ge=-1)  # -1: all
    threads: int | None = Field(None, ge=1)
    hub: str = Field("", validation_alias=AliasChoices("R1CHAT_HUB", "HF_ENDPOINT"))  # default: Hugging Face
    hub_token: SecretStr = Field(SecretStr(""), validation_alias=AliasChoices("R1CHAT_HUB_TOKEN", "HF_TOKEN"))
    keep_alive: str = "30m"  # how long Ollama keeps a model in memory

    # how it samples
    temperature: float = Field(0.6, ge=0, le=5)
    top_p: float = Field(0.95, gt=0, le=1)
    top_k: int = Field(0, ge=0)
    min_p: float = Field(0.0, ge=0, lt=1)
    repeat_penalty: float = Field(1.0, gt=0)
    max_tokens: int | None = Field(None, ge=1)
    seed: int | None = Field(None, ge=0)

    # how it learns
    rater: str = ""  # who judges, a pseudonym; default: drawn once, and kept in the data folder

    # the page
    host: str = "127.0.0.1"
    port: int | None = Field(None, ge=0, le=65535)  # default: the first free one from 7860
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split(","))] = ()  # more names of the page
    open_browser: bool = True

    @property
    def params(self) -> Params:
        """The sampling parameters of a reply that says nothing else."""
        return Params(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p,
            repeat_penalty=self.repeat_penalty,
            seed=self.seed,
            max_tokens=self.max_tokens,
        )

    @property
    def models_folder(self) -> Path:
        """Where a person puts GGUF files."""
        return self.models_dir or self.data_dir / "models"

    @property
    def database(self) -> str:
        """The database as a URL."""
        return self.database_url or f"sqlite:///{self.data_dir / 'r1chat.db'}"


def nano_model() -> Path:
    """The file of the model that ships with r1chat: in the package, or beside it in a checkout."""
    here = Path(__file__).parent
    inside = here / "assets" / f"{NANO}.gguf"
    return inside if inside.exists() else here.parent / "assets" / f"{NANO}.gguf"


def load(**flags: Any) -> Settings:
    """The settings in force. Flags that are None or empty count as not given. Raises ConfigError."""
    given = {name: value for name, value in flags.items() if value is not None and value != ()}
    folder = (
        given.get("data_dir")
        or os.environ.get("R1CHAT_DATA_DIR")
        or Settings.model_fields["data_dir"].get_default(call_default_factory=True, validated_data={})
    )
    file = Path(folder).expanduser() / FILE_NAME
    lines = _read(file)

    class WithFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, lambda: lines  # type: ignore[return-value]

    try:
        settings = WithFile(**given)
    except ValidationError as error:
        raise ConfigError(_sentence(error, file)) from None
    return settings.model_copy(update={"data_dir": settings.data_dir.expanduser()})


def prepare(settings: Settings) -> None:
    """Make the folders. Raises ConfigError where that is not possible."""
    for folder in (settings.data_dir, settings.models_folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"The folder {folder} cannot be made ({error.strerror}). Choose another one with --data-dir, "
                "or with the variable R1CHAT_DATA_DIR."
            ) from None
    if not os.access(settings.data_dir, os.W_OK | os.X_OK):
        raise ConfigError(
            f"The data folder {settings.data_dir} cannot be written to. Change its permissions, or choose another one "
            "with --data-dir or the variable R1CHAT_DATA_DIR."
        )


def own_rater(settings: Settings) -> str:
    """The pseudonym under which judgements are stored; drawn by lot the first time. Raises ConfigError."""
    if settings.rater:
        return settings.rater
    file = settings.data_dir / "rater"
    try:
        if not file.exists():
            file.write_text(f"rater-{secrets.token_hex(4)}\n", encoding="utf-8")
        return file.read_text(encoding="utf-8").strip()[:64]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The file {file} cannot be used: {error}. Delete it, or set R1CHAT_RATER.") from None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"The settings file {file} cannot be read: {error}. Mend it or move it away.") from None


def _sentence(error: ValidationError, file: Path) -> str:
    wrong = []
    for item in error.errors():
        name = str(item["loc"][0]) if item["loc"] else "settings"
        if item["type"] == "extra_forbidden":
            wrong.append(f"there is no setting {name!r}")
        else:
            wrong.append(f"{name} = {item['input']!r}: {item['msg'].lower()}")
    return (
        f"Some settings cannot be used: {'; '.join(wrong)}. They come from flags, from variables R1CHAT_<NAME>, "
        f"or from {file}."
    )
