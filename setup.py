"""Puts the model that ships with r1chat into the package when it is built. Everything else is in pyproject.toml."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

MODEL = Path("assets", "r1chat-nano.gguf")


class BuildWithModel(build_py):
    """Copies the model to where `r1chat.config.nano_model` looks for it first. A checkout has it at its top."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            folder = Path(self.build_lib, "r1chat", "assets")
            folder.mkdir(parents=True, exist_ok=True)
            self.copy_file(str(MODEL), str(folder / MODEL.name))


setup(cmdclass={"build_py": BuildWithModel})
