"""Every error that a person may read.

    R1ChatError                 something that a person can act on
    ├── ConfigError             a setting, a flag or the data folder is not usable
    │   └── EnvironmentSettingError   what the environment says of proxies or certificates cannot be used
    ├── StoreError              the database refused, or comes from a newer version
    │   └── NotFoundError       a conversation, turn or reply that is not (or no longer) there
    ├── MessageError            a message that cannot be sent as it is (empty, too long)
    ├── BusyError               a reply is still being made in that conversation
    ├── ExportError             an export has nothing to write, or nowhere to write it
    │   ├── NothingToExportError
    │   └── TooLittleToSplitError
    ├── ImportFileError         a file that cannot be taken in: broken, foreign, or at odds with what is there
    ├── LibraryError            a model that cannot be found or downloaded
    ├── EvaluationError         a task or a run of it that cannot be used as it is
    ├── CheckError              an answer cannot be checked, for example since the checker does not start
    │   └── RightAnswerError    no answer could match the reference: it is empty, a broken pattern, no choice
    └── BackendError            the model's side
        ├── UnreachableError    no server answers there
        ├── UnknownModelError   the backend does not have that model
        ├── ModelFileError      a GGUF that is missing, corrupt, unknown or too large
        ├── ContextError        the prompt does not fit the context window
        ├── UnsupportedError    this server cannot do what was asked
        └── GenerationError     it began, and then broke

Each message says what happened and what to do next. They are caught in two places: `cli.main` (stderr, exit code 1)
and the boundary of the page. A `BackendError` raised while a reply streams ends up in that reply instead.
"""

from r1chat.both import Both, Wording


class R1ChatError(Exception):
    """Something that a person can act on: a sentence in both languages. `str()` of it is the English one.

    A plain string is for texts that exist in one language only, such as a server's own words.
    """

    def __init__(self, text: Wording) -> None:
        super().__init__(str(text))
        self.text = Both.of(text)

    def sentence(self, lang: str) -> str:
        """The sentence to show to a reader of `lang`."""
        return self.text.pick(lang)


class ConfigError(R1ChatError):
    """A setting, a flag or the data folder is not usable."""


class EnvironmentSettingError(ConfigError):
    """What the environment says of proxies or certificates is not usable, so no connection can be made there."""


class StoreError(R1ChatError):
    """The database refused, or comes from a newer version of r1chat."""


class NotFoundError(StoreError):
    """A conversation, turn or reply that is not, or no longer, there."""


class MessageError(R1ChatError):
    """A message that cannot be sent as it is."""


class BusyError(R1ChatError):
    """A conversation makes one reply at a time."""


class ExportError(R1ChatError):
    """An export has nothing to write, or cannot be written; no file was made or replaced."""


class NothingToExportError(ExportError):
    """No judgement matches what was asked for."""


class TooLittleToSplitError(ExportError):
    """Nothing can be set apart for a test."""


class ImportFileError(R1ChatError):
    """A file that cannot be taken in: broken, foreign, or at odds with what is there. Nothing was changed."""


class LibraryError(R1ChatError):
    """A model cannot be found or downloaded; what came of it is kept."""


class PathError(R1ChatError):
    """What a person gave as the path of a file or folder is none."""


class EvaluationError(R1ChatError):
    """A task, or a run of it, that cannot be used as it is."""


class TrainingError(R1ChatError):
    """Training cannot begin or go on: something is missing, or is not what training needs."""


class CheckError(R1ChatError):
    """An answer cannot be checked: there is nothing to check it by, or the checker does not start."""


class RightAnswerError(CheckError):
    """No answer could match a reference: it is empty, a broken pattern, no choice, no number or no tests."""


class BackendError(R1ChatError):
    """The model's side failed."""


class UnreachableError(BackendError):
    """No server answers at the address."""


class UnknownModelError(BackendError):
    """The backend does not have that model."""


class ModelFileError(BackendError):
    """A GGUF file that is missing, corrupt, of an unknown architecture, or too large for this machine."""


class ContextError(BackendError):
    """The prompt does not fit the context window; nothing was cut.

    `needed` and `context` are token counts, 0 where the server did not tell them.
    """

    def __init__(self, text: Wording, needed: int = 0, context: int = 0) -> None:
        super().__init__(text)
        self.needed = needed
        self.context = context


class UnsupportedError(BackendError):
    """This server cannot do what was asked of it."""


class GenerationError(BackendError):
    """A reply began, and then broke."""
