"""The Modelfile with which Ollama runs an adapter over its base (`ollama create NAME -f NAME.Modelfile`)."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from r1chat.backends.chat_template import R1_ASSISTANT, R1_BOS, R1_EOS, R1_USER, ChatTemplate
from r1chat.backends.gguf import read_header
from r1chat.backends.llama.found import ollama_models_of
from r1chat.errors import R1ChatError
from r1chat.messages import Message

_R1 = (
    f'{{{{ range .Messages }}}}{{{{ if eq .Role "user" }}}}{R1_USER}{{{{ .Content }}}}'
    f'{{{{ else if eq .Role "assistant" }}}}{R1_ASSISTANT}{{{{ .Content }}}}{R1_EOS}'
    f"{{{{ else }}}}{{{{ .Content }}}}{{{{ end }}}}{{{{ end }}}}{R1_ASSISTANT}"
)
_MARK = "a system prompt that no template has"


def modelfile(base: Path, adapter: str) -> str:
    """The text of the Modelfile. `base` is a GGUF file, `adapter` the name of a GGUF file beside the Modelfile.

    A base that is one of Ollama's own goes by its name there, so its template and parameters stay. For some other
    files Ollama takes a template of its own, which leaves out the model's default system prompt: it is written here. So
    is a template of R1's form, see `r1_template`.
    """
    models = [model.name for model in ollama_models_of(base) if not model.adapted]
    lines = [f"FROM {models[0] if models else base}", f"ADAPTER ./{adapter}"]
    if not models and (system := default_system(base)):
        lines.append(f'SYSTEM """{system}"""')
    return "\n".join([*lines, ""]) + ("" if models else r1_template(base))


def r1_template(file: Path) -> str:
    """The Modelfile's lines for a file whose chat template has R1's form; "" for any other.

    Ollama before 0.30 knows no chat templates of files, and gives a model whose template it does not recognise the bare
    text of the message.
    """
    with suppress(R1ChatError, OSError):
        header = read_header(file)
        special = header.special_tokens
        template = ChatTemplate(header.chat_template, special.get("bos", ""), special.get("eos", ""))
        text = template.text((Message("user", "1"), Message("assistant", "2"), Message("user", "3")))
        turns = f"{R1_USER}1{R1_ASSISTANT}2{R1_EOS}{R1_USER}3{R1_ASSISTANT}"
        before, separator, opening = text.partition(turns)
        if separator and before in ("", R1_BOS) and '"""' not in opening and "{{" not in opening:
            return f'TEMPLATE """{_R1}{opening}"""\n'
    return ""


def default_system(file: Path) -> str:
    """The system prompt that a model's chat template writes where a conversation has none.

    "" where it writes none, or where that cannot be told.
    """
    with suppress(R1ChatError, OSError):
        header = read_header(file)
        special = header.special_tokens
        template = ChatTemplate(header.chat_template, special.get("bos", ""), special.get("eos", ""))
        question = Message("user", "?")
        without = template.text((question,))
        before, _, after = template.text((Message("system", _MARK), question)).partition(_MARK)
        system = without.removeprefix(before).removesuffix(after)
        same = template.text((Message("system", system), question)) == without
        return system if system and same and '"""' not in system else ""
    return ""
