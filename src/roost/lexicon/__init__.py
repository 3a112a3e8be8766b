"""The Lexicon language: read documents, and judge values by them.

    document = parse_document(orjson.loads(text))          # schema.py: a document as definitions (defs.py)
    catalog = Catalog.of([document, …])                    # catalog.py: documents together, compiled when first used
    catalog.record("app.bsky.feed.post").check(value)      # raises InvalidData(path, rule, expected, message)
    catalog.method("com.atproto.repo.listRecords").params({"repo": ["did:web:a.test"], "limit": ["10"]})

It deliberately does not know where documents come from (the app reads them), what a method does, what HTTP status an
error becomes, or how records are encoded.
"""

from roost.lexicon.catalog import BodyType, Catalog, Method, RecordType
from roost.lexicon.defs import Document, Permission, PermissionSet, Procedure, Query, Subscription
from roost.lexicon.errors import InvalidData, InvalidLexicon, LexiconError, Path, Rule
from roost.lexicon.leaves import accepts
from roost.lexicon.params import Param, Scalar
from roost.lexicon.record_key import record_key_rule
from roost.lexicon.schema import parse_document

__all__ = [
    "BodyType",
    "Catalog",
    "Document",
    "InvalidData",
    "InvalidLexicon",
    "LexiconError",
    "Method",
    "Param",
    "Path",
    "Permission",
    "PermissionSet",
    "Procedure",
    "Query",
    "RecordType",
    "Rule",
    "Scalar",
    "Subscription",
    "accepts",
    "parse_document",
    "record_key_rule",
]
