"""The direction in which imports point, and the rooms that each library stays in. `docs` and the design say why."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Bottom to top: a room may import itself and any room of a layer below its own, never a neighbour in its layer.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"both", "core_files", "json_columns", "languages", "loopback", "sizes", "unicode"}),
    frozenset({"errors", "listener"}),
    frozenset({"reasoning_format"}),
    frozenset({"messages", "judgements", "files", "limited", "plain_line"}),
    frozenset({"conversations"}),
    frozenset({"config", "redact", "servers"}),
    frozenset({"answers"}),
    frozenset({"store", "backends", "think", "reflect", "steer", "votes", "window", "sampling"}),
    frozenset({"recorder"}),
    frozenset(
        {
            "library",
            "generation",
            "detached",
            "archive",
            "calibration",
            "summary",
            "phrasings",
            "ranking",
            "program_runs",
            "league",
            "rewards",
        }
    ),
    frozenset({"prompting"}),
    frozenset({"chat"}),
    frozenset({"teach", "titling", "verdicts"}),
    frozenset({"app", "evaluation"}),
    frozenset({"export", "training"}),
    frozenset({"learn"}),
    frozenset({"ui"}),
    frozenset({"cli"}),
    frozenset({"__main__"}),
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}

# Library -> the modules that may import it; a name stands for all modules below it, "*" for any ending.
HOMES = {
    "gradio": ("r1chat.ui",),
    "fastapi": ("r1chat.ui",),
    "starlette": ("r1chat.ui",),
    "uvicorn": ("r1chat.ui",),
    "markdown_it": ("r1chat.ui", "r1chat.cli.drawing"),
    "mdit_py_plugins": ("r1chat.ui",),
    "math_core": ("r1chat.ui",),
    "nh3": ("r1chat.ui",),
    "markupsafe": ("r1chat.ui",),
    "pygments": ("r1chat.ui",),
    "sqlalchemy": ("r1chat.store",),
    "alembic": ("r1chat.store",),
    "psycopg": ("r1chat.store",),
    "sqlite3": ("r1chat.store",),
    "llama_cpp": ("r1chat.backends.llama.child",),
    "xllamacpp": ("r1chat.backends.llama.child",),
    "jinja2": ("r1chat.backends",),
    "openai": ("r1chat.backends.openai*",),
    "tomlkit": ("r1chat.config",),
    "httpx": ("r1chat.backends", "r1chat.library"),
    "typer": ("r1chat.cli",),
    "rich": ("r1chat.cli",),
    "stdnum": ("r1chat.redact.checks",),
    "pyarrow": ("r1chat.export.writers", "r1chat.evaluation.parquet_program"),
    "orjson": ("r1chat.export",),
    "mpmath": ("r1chat.answers.arithmetic",),
    "pint": ("r1chat.answers.units",),
    "torch": ("r1chat.training",),
    "datasets": (),
    "transformers": ("r1chat.training.base", "r1chat.training.policy"),
    "trl": (),
}


@dataclass(frozen=True)
class Import:
    """One import statement's target: `target` may name a module or something in it."""

    importer: str
    target: str
    line: int


@cache
def imports(module: str, source: str, package: bool = False) -> tuple[Import, ...]:
    """What a module imports, at its top or deep inside a function."""
    return tuple(_imports(module, source, package))


def _imports(module: str, source: str, package: bool) -> Iterator[Import]:
    for node in statements(ast.parse(source)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(module, name.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            above = ".".join(parts[: len(parts) - node.level + package]) if node.level else ""
            base = ".".join(part for part in (above, node.module) if part)
            for name in node.names:
                yield Import(module, f"{base}.{name.name}", node.lineno)


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """What is below a node but expressions: they are most of a syntax tree, and hold no import."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr):
            yield child
            yield from statements(child)


def complaint(statement: Import) -> str | None:
    """A sentence about an import that must not be; None for one that may."""
    where = f"{statement.importer} (line {statement.line}) imports {statement.target}"
    library = statement.target.partition(".")[0]
    if library != "r1chat":
        homes = HOMES.get(library)
        if homes is None or any(_lives_in(statement.importer, home) for home in homes):
            return None
        return f"{where}: {library} is for {' and '.join(homes) or 'no module'} only"
    room, other = _room(statement.importer), _room(statement.target)
    if other == room or LEVEL.get(other, -1) < LEVEL.get(room, len(LAYERS)):  # no level: a name in the package itself
        return None
    beneath = ", ".join(sorted(name for name, level in LEVEL.items() if level < LEVEL[room]))
    return f"{where}: {room} may import only {beneath or 'nothing of r1chat'}"


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else "errors"  # the package itself is at the bottom


def _lives_in(module: str, home: str) -> bool:
    return module.startswith(home[:-1]) if home.endswith("*") else f"{module}.".startswith(f"{home}.")


def modules() -> Iterator[tuple[str, str, bool]]:
    """Name, source and whether it is a package, of every module of r1chat."""
    for path in sorted((ROOT / "r1chat").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        package = parts[-1] == "__init__"
        yield ".".join(parts[:-1] if package else parts), path.read_text(encoding="utf-8"), package


def test_every_room_has_a_layer() -> None:
    rooms = {_room(name) for name, _, _ in modules()}
    assert not rooms - set(LEVEL), f"give {', '.join(sorted(rooms - set(LEVEL)))} a layer in LAYERS"
    assert not set(LEVEL) - rooms, f"LAYERS names what does not exist: {', '.join(sorted(set(LEVEL) - rooms))}"


def test_documented_chain_of_imports_is_the_one_that_is_checked() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    chain = text.partition("## The one direction of imports")[2].partition("A package imports")[0]
    documented = [frozenset(re.findall(r"\w+", layer)) for layer in chain.split("->")]
    assert documented == [layer for layer in reversed(LAYERS) if layer != {"__main__"}]


def test_imports_point_in_one_direction_and_libraries_stay_home() -> None:
    all_imports = [item for name, source, package in modules() for item in imports(name, source, package)]
    assert any(item.target.startswith("r1chat.store") for item in all_imports), (
        "the walk found nothing: is r1chat/ there?"
    )
    complaints = [text for item in all_imports if (text := complaint(item))]
    assert not complaints, "\n" + "\n".join(complaints)


# The rooms of the page, bottom to top; a module of `ui/` itself stands by its name.
PAGE = (
    frozenset({"responses"}),
    frozenset(
        {
            "language",
            "payload",
            "words",
            "startup",
            "policy",
            "secrets",
            "door",
            "bounded",
            "connections",
            "preloads",
            "files",
            "kept_page",
            "later",
        }
    ),
    frozenset({"html"}),
    frozenset({"act", "guard", "listening"}),
    frozenset({"allowed", "judge", "compare"}),
    frozenset({"composer", "settings"}),
    frozenset({"data"}),
    frozenset({"library"}),
    frozenset({"learn"}),
    frozenset({"evaluation"}),
    frozenset({"talk"}),
    frozenset({"registry", "document"}),
    frozenset({"page", "routes"}),
    frozenset({"opening", "rendering"}),
    frozenset({"mounting", "application"}),
    frozenset({"server"}),
)


def _page_imports() -> Iterator[tuple[str, str]]:
    """Each import between modules of `ui/`, as the names of two modules."""
    known = {name for name, _, _ in modules()}
    for name, source, package in modules():
        if not name.startswith("r1chat.ui."):
            continue
        for item in imports(name, source, package):
            module = item.target if item.target in known else item.target.rpartition(".")[0]
            if module in known and module.startswith("r1chat.ui.") and module != name:
                yield name, module


def test_no_import_inside_the_page_points_upwards() -> None:
    level = {room: number for number, rooms in enumerate(PAGE) for room in rooms}
    pairs = [(importer.split(".")[2], target.split(".")[2], importer, target) for importer, target in _page_imports()]
    assert pairs and {room for pair in pairs for room in pair[:2]} <= set(level), "give each room a place in PAGE"
    wrong = [
        f"{importer} imports {target}"
        for room, below, importer, target in pairs
        if room != below and level[room] <= level[below]
    ]
    assert wrong == []


def test_there_is_no_circle_of_imports_in_the_page() -> None:
    graph: dict[str, set[str]] = {}
    for importer, target in _page_imports():
        graph.setdefault(importer, set()).add(target)
    while leaves := [name for name, targets in graph.items() if not targets & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert graph == {}, "these modules import each other in a circle"


def test_boxes_for_text_are_made_in_two_places_which_keep_them_out_of_the_browsers_session_files() -> None:
    pattern = re.compile(r"""<textarea|<input(?! type="(?:checkbox|radio|file)")|[eE]lement\('(?:textarea|input)'""")
    makers = {
        str(file.relative_to(ROOT / "r1chat" / "ui"))
        for file in (ROOT / "r1chat").rglob("*")
        if file.suffix in (".py", ".js") and pattern.search(file.read_text(encoding="utf-8"))
    }
    assert makers == {"html/parts.py"}


def test_gradio_is_imported_in_one_place_which_makes_it_fast_and_silent() -> None:
    importers = {
        name
        for name, source, package in modules()
        for item in imports(name, source, package)
        if item.target.partition(".")[0] == "gradio"
    }
    assert importers == {"r1chat.ui.startup"}
    users = {
        name
        for name, source, package in modules()
        for item in imports(name, source, package)
        if item.target.startswith("r1chat.ui.startup")
    }
    assert users == {"r1chat.ui.page", "r1chat.ui.rendering"}


def test_app_py_knows_nothing_but_the_command_line() -> None:
    source = (ROOT / "app.py").read_text(encoding="utf-8")
    assert {item.target for item in imports("app", source)} == {"sys", "r1chat.cli.main.main"}


def test_the_walk_sees_what_must_not_be() -> None:
    cases = {
        "from r1chat.chat import Chat": "r1chat.store",
        "from r1chat import ui": "r1chat.chat",
        "from ..ui import page": "r1chat.store.tree",
        "from . import chat": "r1chat.messages",
        "from r1chat.think import Draft": "r1chat.backends.ollama",
        "def f():\n    import gradio as gr": "r1chat.cli",
        "import llama_cpp.llama": "r1chat.backends.ollama",
        "from sqlalchemy import select": "r1chat.chat",
        "import torch": "r1chat.export",
    }
    missed = [
        f"{module}: {source}" for source, module in cases.items() if not any(map(complaint, imports(module, source)))
    ]
    assert not missed


def test_the_walk_lets_pass_what_may_be() -> None:
    cases = {
        "from r1chat import __version__": "r1chat.cli",
        "from r1chat.store.tree import Tree": "r1chat.store.store",
        "from . import tree": "r1chat.store.store",
        "from r1chat.ui.server import serve": "r1chat.cli",
        "import llama_cpp": "r1chat.backends.llama.child.model",
        "import json": "r1chat.errors",
    }
    assert not [
        text for source, module in cases.items() for item in imports(module, source) if (text := complaint(item))
    ]


@pytest.mark.slow
def test_command_line_starts_without_page_database_and_model() -> None:
    slow = {"gradio", "rich", "uvicorn", "sqlalchemy", "llama_cpp", "httpx", "jinja2"}
    code = f"import sys, r1chat.cli.main; print(*sorted({slow!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""


# Participles and the like say what was done with a value, not what it is.
SAY_NOTHING = re.compile(
    "said|found|wanted|each|one|told|asked|made|given|kept|shown|written|drawn|named|taken|held|begun"
)


def _variables(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of every variable and parameter of functions; the fields of classes are none."""
    tree = ast.parse(source)
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            for node in ast.walk(function):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.lineno, node.id
                elif isinstance(node, ast.arg):
                    yield node.lineno, node.arg


@pytest.mark.parametrize("folder", ["r1chat", "benchmarks", "tests"])
def test_a_variable_has_the_name_of_what_it_holds(folder: str) -> None:
    riddles = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        if SAY_NOTHING.search(source := path.read_text(encoding="utf-8"))
        for line, name in _variables(source)
        if SAY_NOTHING.fullmatch(name)
    ]
    assert riddles == []


def test_the_walk_sees_variables_that_say_nothing() -> None:
    source = "class A:\n    kept: int = 0\ndef f(said):\n    return [one for one in said if (found := one)]\n"
    assert {name for _, name in _variables(source)} == {"said", "one", "found"}


def _defined_names(source: str) -> Iterator[str]:
    """The classes and type aliases at the top of a module."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (name.id for name in targets if isinstance(name, ast.Name) and re.match("[A-Z]", name.id))


def _defined_twice(sources: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Each name of a class or type alias, and the modules that define it, where these are several.

    Constants are written in capitals; a name that begins with an underscore is its module's own.
    """
    homes: dict[str, list[str]] = {}
    for module, source in sources:
        for name in _defined_names(source):
            if not name.isupper() and not name.startswith("_"):
                homes.setdefault(name, []).append(module)
    return {name: module_names for name, module_names in homes.items() if len(module_names) > 1}


def test_a_name_of_a_class_or_type_alias_is_defined_once() -> None:
    assert _defined_twice((name, source) for name, source, _ in modules()) == {}


def test_the_walk_sees_a_name_that_is_defined_twice() -> None:
    first = "class Kind: ...\nclass _Row: ...\nSIZE = 1\nValue: TypeAlias = int\n"
    second = 'Kind = Literal["a"]\nclass _Row: ...\nSIZE = 2\nclass Value: ...\nclass Other: ...\n'
    assert _defined_twice([("one", first), ("two", second)]) == {"Kind": ["one", "two"], "Value": ["one", "two"]}
