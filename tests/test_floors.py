"""The house's rules, held against the source: which package may import which, what the pure floors must not touch."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
TESTS = ROOT / "tests"

PURE = {"syntax", "data", "crypto", "lexicon", "repo", "identity", "oauth"}
FORBIDDEN_IN_PURE = {
    "asyncio",
    "logging",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "structlog",
    "time",
}
WEB_STACK = {"httptools", "jinja2", "starlette", "uvicorn", "uvloop"}

MAY_IMPORT: dict[str, set[str]] = {
    "syntax": set(),
    "data": set(),
    "crypto": {"syntax", "data"},
    "lexicon": {"syntax", "data"},
    "lexicons": set(),
    "repo": {"syntax", "data", "crypto"},
    "identity": {"syntax", "data", "crypto"},
    "storage": {"syntax", "data"},
    "net": {"syntax", "data", "crypto", "identity"},
    "services": {"syntax", "data", "crypto", "lexicon", "repo", "identity", "storage", "net"},
    "api": {"syntax", "data", "lexicon", "services"},
    "http": {"syntax", "data", "crypto", "services", "api"},
    "web": {"syntax", "services"},
    "devnet": {"syntax", "data", "crypto", "identity", "storage"},
    "cli": {"config", "app", "running", "logs", "services", "syntax", "data", "repo", "crypto"},
    "config": {"setting", "syntax"},
    "datadir": {"config"},
    "library": {"config", "datadir", "lexicon"},
    "logs": set(),
    "__main__": {"cli"},
    "app": {"*"},
    "running": {"*"},
    "wiring": {"*"},
    "outgoing": {"config", "net", "services", "syntax"},
    "setting": {"syntax"},
    "": set(),
}
"""Each package or module under `roost`, and which others it may import; its own parts it may always."""

MUST_NOT_TOUCH: dict[str, set[str]] = {
    **dict.fromkeys(PURE, FORBIDDEN_IN_PURE | WEB_STACK | {"httpx", "psycopg"}),
    "storage": WEB_STACK | {"httpx"},
    "net": {"starlette", "uvicorn", "sqlite3", "psycopg"},
    "services": WEB_STACK | {"httpx", "psycopg", "sqlite3"},
    "api": WEB_STACK | {"httpx", "psycopg", "sqlite3"},
    "cli": {"psycopg", "sqlite3", "starlette", "uvicorn"},
}

ARROWS = {
    ("http/proxy.py", "net"),  # a stream cannot pass through a service, which answers with a value
}
"""Single modules that may import what the rest of their package may not."""

EXCEPTIONS = {
    ("crypto/keys.py", "secrets"),  # a key is made where keys are
    ("devnet", "roost.storage"),  # `roost.storage.db` and what opens one; never the aggregates
}


def modules() -> Iterator[tuple[str, Path]]:
    """Yield each source module's path below `roost`, and its file."""
    for path in sorted((SOURCE / "roost").rglob("*.py")):
        yield path.relative_to(SOURCE / "roost").as_posix(), path


def package_of(name: str) -> str:
    """Return the part of the house that a module stands in."""
    first = name.split("/", maxsplit=1)[0]
    return first.removesuffix(".py") if first != "__init__.py" else ""


@cache
def parsed(path: Path) -> ast.Module:
    """Return a source file's tree, which most of these tests look at."""
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Return every module that a source file imports, by its full name, wherever the import stands."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            assert node.module is not None
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if is_module(whole) else node.module


@cache
def is_module(name: str) -> bool:
    """Return whether that dotted name is a source file or package of ours."""
    path = SOURCE / Path(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=[name for name, _ in modules()])
def test_imports_only_go_down(name: str, path: Path) -> None:
    """A module imports only from the floors that its own may use."""
    own = package_of(name)
    allowed = MAY_IMPORT[own]

    for imported in imports(path):
        parts = imported.split(".")
        if parts[0] != "roost" or len(parts) == 1:
            continue
        may = parts[1] == own or parts[1] in allowed or "*" in allowed or (name, parts[1]) in ARROWS
        assert may, f"{name} imports {imported}"


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=[name for name, _ in modules()])
def test_floors_do_not_touch_what_is_not_theirs(name: str, path: Path) -> None:
    """Pure code knows no clock, disk, network or log; storage and services no web; the edges no database."""
    forbidden = MUST_NOT_TOUCH.get(package_of(name), set())

    touched = {imported.split(".")[0] for imported in imports(path)} & forbidden

    assert {name_ for name_ in touched if (name, name_) not in EXCEPTIONS} == set()


def test_sql_is_written_in_storage_alone() -> None:
    """No other package speaks SQL, but for the development directory's one table."""
    verbs = ("SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "CREATE TABLE ")
    speakers = {
        package_of(name)
        for name, path in modules()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(verbs)
    }

    assert speakers == {"storage", "devnet"}


def test_there_is_no_import_cycle() -> None:
    """No module imports itself by way of others."""
    graph = {dotted(name): {each for each in imports(path) if is_module(each)} for name, path in modules()}
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join((*way[way.index(module) :], module))
        if module not in done:
            for each in graph.get(module, set()):
                visit(each, (*way, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def dotted(name: str) -> str:
    """Return a module's dotted name."""
    return "roost." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def test_every_module_has_its_mirror_among_the_tests() -> None:
    """For each source module there is the test module that one would look for."""
    missing = [
        name
        for name, path in modules()
        if not name.endswith("__init__.py") and not mirror(name).is_file() and len(parsed(path).body) > 1
    ]

    assert missing == []


def mirror(name: str) -> Path:
    """Return where the tests of a source module are."""
    path = TESTS / name
    return path.with_name(f"test_{path.name}")


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=[name for name, _ in modules()])
def test_every_module_says_what_it_is(name: str, path: Path) -> None:
    """A module begins with what it is, and no file has grown past 400 lines."""
    text = path.read_text()

    assert ast.get_docstring(ast.parse(text)), f"{name} has no docstring"
    assert text.count("\n") <= 400, f"{name} is a design question"


def test_third_parties_are_those_that_are_declared() -> None:
    """Nothing is imported that the project's dependencies do not name."""
    known = {"dns": "dnspython", "argon2": "argon2-cffi"}
    declared = (ROOT / "pyproject.toml").read_text()
    for name, path in modules():
        for imported in imports(path):
            top = imported.split(".")[0]
            if top not in sys.stdlib_module_names and top != "roost":
                assert f'"{known.get(top, top)}' in declared, (
                    f"{name} imports {top}, which pyproject.toml does not name"
                )
