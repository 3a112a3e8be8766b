"""Identifiers: `str` subclasses, each with a `parse` that is the only way in for foreign text (spec section 1.11).

Text enters at the edge through `parse`, and a type such as `Did` in a signature means parsed; inside, they are
ordinary strings again. Calling the class itself is for text that is known to be right, such as what was parsed before
it was stored. Deliberately does not know what any identifier names.
"""

from roost.syntax.aturi import AtUri
from roost.syntax.datetime import Datetime, now_text
from roost.syntax.did import Did
from roost.syntax.errors import InvalidSyntax
from roost.syntax.handle import Handle
from roost.syntax.identifier import AtIdentifier
from roost.syntax.language import Language
from roost.syntax.nsid import Nsid
from roost.syntax.rkey import RecordKey
from roost.syntax.tid import Tid, next_tid
from roost.syntax.uri import Uri

__all__ = [
    "AtIdentifier",
    "AtUri",
    "Datetime",
    "Did",
    "Handle",
    "InvalidSyntax",
    "Language",
    "Nsid",
    "RecordKey",
    "Tid",
    "Uri",
    "next_tid",
    "now_text",
]
