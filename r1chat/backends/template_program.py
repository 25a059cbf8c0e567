"""The program that `template_process.py` runs in a `LimitedProcess`: renders chat templates.

A template comes from a download: it runs in Jinja's sandbox, set up as the transformers library does, and whatever it
does here, the worst is that this process dies. Imports no r1chat.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_NAMES, LONGEST_CONSTANT = 400, 200
MOST_MARKUP = 100_000  # characters that a template may add to four times what it is given

_now = datetime.now()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What `_answer` says, and the processor's `seconds` that it took."""
    began = time.process_time()
    return _answer(request) | {"seconds": time.process_time() - began}


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """`texts`, one for each of `renders` (names and values); `names` and `constants` if `source` alone is asked about.

    Or `error`, its kind, with `text` and perhaps `line`: syntax, refused (by the template itself), broken, memory.
    """
    global _now
    _now = datetime.fromisoformat(request["now"])
    try:
        template, words = compiled(request["source"])
        if "renders" not in request:
            return words
        return {"texts": [rendered(template, values) for values in request["renders"]]}
    except TemplateSyntaxError as error:
        return {"error": "syntax", "text": error.message or "", "line": error.lineno}
    except TemplateError as error:
        return {"error": "refused", "text": error.message or type(error).__name__}
    except MemoryError:
        return {"error": "memory", "text": ""}
    except Exception as error:  # a template is a program: it can fail in any way
        return {"error": "broken", "text": f"{type(error).__name__}: {error}"[:500]}


def rendered(template: Template, values: dict[str, Any]) -> str:
    """The text that a template makes. Raises MemoryError where it is out of all proportion to what it is given."""
    most = 4 * len(json.dumps(values, ensure_ascii=False)) + MOST_MARKUP
    parts, size = [], 0
    for part in template.generate(**values):
        parts.append(part)
        if (size := size + len(part)) > most:
            raise MemoryError
    return "".join(parts)


@lru_cache(maxsize=8)
def compiled(source: str) -> tuple[Template, dict[str, Any]]:
    """A template and its vocabulary."""
    tree = environment().parse(source)
    words = vocabulary(tree)  # before it is compiled, which simplifies the tree
    return environment().from_string(tree), words


def vocabulary(tree: nodes.Template) -> dict[str, Any]:
    """The names that a template reads, each with the constants that it is compared with, and its other short texts."""
    everything = _with_all_below(tree)
    names: dict[str, list[Any]] = {
        node.name: [] for node in everything if isinstance(node, nodes.Name) and node.ctx == "load"
    }
    for node in everything:
        if not isinstance(node, nodes.Compare):
            continue
        sides = [
            part for side in (node.expr, *(operand.expr for operand in node.ops)) for part in _with_all_below(side)
        ]
        read = {part.name for part in sides if isinstance(part, nodes.Name)}
        values = [part.value for part in sides if isinstance(part, nodes.Const)]
        for name in read & names.keys():
            names[name] += [value for value in values if isinstance(value, str | int) and value not in names[name]]
    texts = {node.value for node in everything if isinstance(node, nodes.Const)}
    constants = sorted(text for text in texts if isinstance(text, str) and 2 < len(text) <= LONGEST_CONSTANT)
    return {"names": dict(list(names.items())[:MOST_NAMES]), "constants": constants[:MOST_NAMES]}


def _with_all_below(node: nodes.Node) -> list[nodes.Node]:
    """A node and those below it, in the order of the source; `find_all` of Jinja takes four times as long."""
    all_nodes, left = [], [node]
    while left:
        all_nodes.append(current := left.pop())
        left.extend(reversed(list(current.iter_child_nodes())))
    return all_nodes


class _Generation(Extension):
    """`{% generation %}` marks, for trainers, what the model says; for us its content is just text."""

    tags = {"generation"}  # noqa: RUF012 - as the base class has it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


@lru_cache(maxsize=1)
def environment() -> ImmutableSandboxedEnvironment:
    def refuse(message: str) -> NoReturn:
        raise TemplateError(message)

    def to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **options: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **options)

    def now(form: str) -> str:
        return _now.strftime(form)

    sandbox = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,  # folding constants takes a sixth of the time, and a template is rendered a few times
        extensions=["jinja2.ext.loopcontrols", _Generation],
    )
    sandbox.filters["tojson"] = to_json
    sandbox.filters["from_json"] = json.loads
    sandbox.globals.update(raise_exception=refuse, strftime_now=now)
    return sandbox
