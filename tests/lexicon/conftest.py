"""The documents the tests read: today's, from the lexrpc distribution, and those of 2022 that ship with Roost."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

import orjson
import pytest

from roost.lexicon import Catalog, parse_document
from roost.library import bundled


def json_files(folder: Traversable) -> Iterator[Traversable]:
    """Find every JSON file in a folder and the folders in it."""
    for item in folder.iterdir():
        if item.is_dir():
            yield from json_files(item)
        elif item.name.endswith(".json"):
            yield item


@pytest.fixture(scope="session")
def today_raw() -> dict[str, object]:
    """Every document of the lexrpc distribution as decoded JSON, by file."""
    return {str(item): orjson.loads(item.read_bytes()) for item in json_files(bundled())}


@pytest.fixture(scope="session")
def today(today_raw: dict[str, object]) -> Catalog:
    """Every document of the lexrpc distribution."""
    return Catalog.of(map(parse_document, today_raw.values()))


@pytest.fixture(scope="session")
def v2022() -> Catalog:
    """Every document that ships with Roost."""
    return Catalog.of(
        parse_document(orjson.loads(item.read_bytes())) for item in json_files(files("roost.lexicons") / "v2022")
    )
