"""The lexicon documents at hand: today's, those of 2022, and the operator's own, parsed when first asked for.

There are hundreds, and a server uses a few dozen. Their names are their places: `app/bsky/feed/post.json`, or
`app.bsky.post.json`. The operator's are all parsed and put together at once: what is wrong with one is told at the
start, and not to whoever writes the first such record.
"""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path

import orjson

from roost import datadir
from roost.config import ConfigError
from roost.lexicon import LexiconError, parse_document
from roost.lexicon.catalog import Catalog
from roost.lexicon.defs import Document, Record, Schema


class Library(Mapping[str, Document]):
    """Documents by their id. The operator's may be of new types, or of types of records that there are; these count."""

    def __init__(self, data: Path) -> None:
        """Raises ConfigError for a document of the operator's that cannot be used."""
        self._files: dict[str, Traversable] = {}
        self._read: dict[str, Document] = {}
        for folder in (bundled(), files("roost.lexicons") / "v2022"):
            self._files.update(_documents(folder, ""))
        self._own: dict[str, Path] = {}
        for path, raw in datadir.lexicons(data):
            try:
                document = parse_document(raw)
            except LexiconError as error:
                raise ConfigError(f"{path} is not a valid lexicon document: {error}") from error
            self._check_id(document.id, path)
            self._own[document.id] = path
            self._read[document.id] = document

    def _check_id(self, nsid: str, path: Path) -> None:
        """Refuse a second document of one id, and one in the place of what the protocol itself is made of."""
        if nsid in self._own:
            raise ConfigError(f"{path} has the id of {self._own[nsid]}: {nsid}")
        if nsid in self._files and not isinstance(self[nsid].defs.get("main"), Record):
            raise ConfigError(f"{path}: {nsid} is of the protocol, of which only types of records can be replaced")
        self._read.pop(nsid, None)

    def catalog(self) -> Catalog:
        """Return the catalog of them all. Raises ConfigError for one of the operator's that refers to nothing."""
        catalog = Catalog(self)
        for nsid, path in self._own.items():
            try:
                catalog.record(nsid)
                catalog.method(nsid)
                for name, definition in self[nsid].defs.items():
                    if isinstance(definition, Schema):
                        catalog.check(f"{nsid}#{name}", form="data")
            except LexiconError as error:
                raise ConfigError(f"{path} cannot be used: {error}") from error
        return catalog

    def __getitem__(self, nsid: str) -> Document:
        """Return a document; raises KeyError, and InvalidLexicon for a file that does not hold one."""
        document = self._read.get(nsid)
        if document is None:
            document = parse_document(orjson.loads(self._files[nsid].read_bytes()))
            if document.id != nsid:
                # A few of the bundle stand in another place than their own.
                raise KeyError(nsid)
            self._read[nsid] = document
        return document

    def __iter__(self) -> Iterator[str]:
        return iter(self._files.keys() | self._read.keys())

    def __len__(self) -> int:
        return len(self._files.keys() | self._read.keys())


def bundled() -> Path:
    """Return the folder of today's documents in the lexrpc wheel."""
    # Found, not imported as importlib.resources would: lexrpc then reads every document, for a third of a second.
    spec = find_spec("lexrpc")
    assert spec is not None, "it is a dependency"
    assert spec.origin is not None, "it is a package with a file"
    return Path(spec.origin).parent / "lexicons"


def _documents(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    """Yield the id and the file of every document below a folder."""
    for entry in folder.iterdir():
        name = prefix + entry.name
        if name.endswith(".json"):
            yield name.removesuffix(".json"), entry
        elif entry.is_dir():
            yield from _documents(entry, f"{name}.")
