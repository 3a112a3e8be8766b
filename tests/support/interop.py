"""The protocol's published test vectors: where they are, and how to read them.

They live outside this repository: in the folder that the environment variable ROOST_INTEROP_DIR names, or else in
`shared/interop` next to the project's own. Deliberately does not know what any vector tests.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import orjson
import pytest

from roost.syntax import InvalidSyntax

VARIABLE = "ROOST_INTEROP_DIR"
_PROJECT = Path(__file__).resolve().parents[2]


def interop(relative: str) -> Path:
    """The vector file at this path; skips the test, and says loudly why, when the vectors are not on this machine."""
    folder = Path(os.environ.get(VARIABLE) or _PROJECT.parent / "shared" / "interop")
    if not folder.is_dir():
        pytest.skip(f"NOT TESTED: no interop vectors at {folder}; set {VARIABLE} to their folder")
    return folder / relative


def text_vectors(relative: str) -> list[str]:
    """The lines of a vector file, spaces kept, without its comments and empty lines; never an empty list.

    A comment begins with `# `; a bare `#` begins a vector.
    """
    lines = interop(relative).read_text(encoding="utf-8").split("\n")
    vectors = [line for line in lines if line and not line.startswith("# ")]
    assert vectors, f"{relative} holds no vectors"
    return vectors


def json_vectors(relative: str) -> list[dict[str, object]]:
    """The objects of a JSON vector file; never an empty list."""
    vectors: object = orjson.loads(interop(relative).read_bytes())
    assert isinstance(vectors, list), f"{relative} is not a list"
    assert vectors, f"{relative} holds no vectors"
    return vectors


def accepted(parse: Callable[[str], object], vectors: Iterable[str]) -> list[str]:
    """Those of the vectors that a parser takes for an identifier; the others it must refuse with InvalidSyntax."""
    good = []
    for vector in vectors:
        try:
            parse(vector)
        except InvalidSyntax:
            continue
        good.append(vector)
    return good
