"""Records that may be written and records that may not, as the bytes of a request, for every method that takes one.

Deliberately does not know how a method takes it: as its body, or as a value inside.
"""

from functools import reduce
from typing import Final

from support.v2022 import POST

CID: Final = "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"
RAW_CID: Final = "bafkreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"


def nested(depth: int) -> bytes:
    """Return an object in which so many containers stand inside each other, itself counted."""
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


BAD_RECORDS: Final[dict[str, tuple[bytes, str]]] = {
    "a fraction": (b'{"n":1.5}', "the data model has no float"),
    "a tiny fraction": (b'{"n":1e-7}', "the data model has no float"),
    "54 bits": (b'{"n":9007199254740992}', "an integer may not have more than 53 bits"),
    "54 bits below zero": (b'{"n":-9007199254740992}', "an integer may not have more than 53 bits"),
    "a huge integer": (b'{"n":1000000000000000000000000000000}', "an integer may not have more than 53 bits"),
    "a huge number": (b'{"n":1e300}', "an integer may not have more than 53 bits"),
    "infinity": (b'{"n":1e999}', ""),
    "not a number": (b'{"n":NaN}', "not valid JSON"),
    "NUL in a key": (b'{"a\\u0000b":1}', "a map's key may not hold a NUL"),
    "NUL in a key inside": (b'{"a":[{"\\u0000":1}]}', "a map's key may not hold a NUL"),
    "a lone surrogate": (b'{"t":"\\ud800"}', ""),
    "a surrogate the wrong way round": (b'{"t":"\\udc00\\ud800"}', ""),
    "a lone surrogate in a key": (b'{"\\udfff":1}', ""),
    "bad UTF-8": (b'{"t":"\xff"}', "not valid JSON"),
    "too deep": (nested(65), "nested too deeply"),
    "much too deep": (nested(900), "nested too deeply"),
    "deep beyond parsing": (nested(50_000), ""),
    "a link that is no CID": (b'{"a":{"$link":"nonsense"}}', "$link"),
    "a link that is a number": (b'{"a":{"$link":1}}', "$link"),
    "a link to version 0": (b'{"a":{"$link":"QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"}}', "$link"),
    "a link with company": (b'{"a":{"$link":"%b","x":1}}' % CID.encode(), "stand alone"),
    "bytes that are not base64": (b'{"a":{"$bytes":"###"}}', "$bytes is not base64"),
    "bytes that are a list": (b'{"a":{"$bytes":[1]}}', "$bytes must be a string"),
    "bytes of the URL alphabet": (b'{"a":{"$bytes":"-_-_"}}', "$bytes is not base64"),
    "bytes with company": (b'{"a":{"$bytes":"AAAA","x":1}}', "stand alone"),
    "a link for a record": (b'{"$link":"%b"}' % CID.encode(), ""),
    "bytes for a record": (b'{"$bytes":"AAAA"}', ""),
    "a type that is a number": (b'{"$type":1}', "$type must be a name"),
    "a type that is null": (b'{"$type":null}', "$type must be a name"),
    "a type that is empty": (b'{"$type":""}', "$type must be a name"),
    "a type inside that is a number": (b'{"a":{"$type":1}}', "$type must be a name"),
    "a blob without a link": (b'{"a":{"$type":"blob","mimeType":"a/b","size":1}}', "a blob's ref"),
    "a blob that is not here": (
        b'{"a":{"$type":"blob","ref":{"$link":"%b"},"mimeType":"a/b","size":1}}' % RAW_CID.encode(),
        "Could not find blob",
    ),
}
"""What no record may be, whatever its type: the bytes, and words of the message."""

GOOD_RECORDS: Final[dict[str, tuple[bytes, dict[str, object]]]] = {
    "nothing": (b"{}", {}),
    "every type": (
        b'{"a":null,"b":true,"c":-1,"d":"x","e":[],"f":{}}',
        {"a": None, "b": True, "c": -1, "d": "x", "e": [], "f": {}},
    ),
    "53 bits": (b'{"n":[9007199254740991,-9007199254740991]}', {"n": [2**53 - 1, 1 - 2**53]}),
    "a whole fraction": (b'{"n":[1.0,1e3,-0.0]}', {"n": [1, 1000, 0]}),
    "all of Unicode": ('{"t":"é🙂\\u0000\\ud83d\\ude42","🙂":1}'.encode(), {"t": "é🙂\0🙂", "🙂": 1}),
    "deep enough": (nested(64), {"a": reduce(lambda inner, _: [inner], range(62), list[object]())}),
    "a link": (b'{"a":{"$link":"%b"}}' % CID.encode(), {"a": {"$link": CID}}),
    "bytes": (b'{"a":[{"$bytes":"AAE="},{"$bytes":"AAE"}]}', {"a": [{"$bytes": "AAE"}, {"$bytes": "AAE"}]}),
    "bytes that look like a link": (
        b'{"a":{"$bytes":"AXESIJ3v5nHcuudRkVI3iUpQF6edSpqmAv21/R/GkyZK5GAf"}}',
        {"a": {"$bytes": "AXESIJ3v5nHcuudRkVI3iUpQF6edSpqmAv21/R/GkyZK5GAf"}},
    ),
    "a property that is the type's": (b'{"$type":"com.example.good","$x":1}', {"$x": 1}),
    "the last of two": (b'{"a":1,"a":2}', {"a": 2}),
}
"""What a record may be: the bytes, and how they are read again but for the type that is filled in."""

BAD_TYPES: Final = (
    "app",
    "app.bsky",
    "app.bsky.*",
    "com.example.",
    ".com.example.x",
    "com..example.x",
    "com.example.a/b",
    "com.example.9",
    "com.exa_mple.x",
    "com.example.ü",
    "com.example.x y",
    "com.example." + "x" * 64,
    "com." * 80 + "x",
    "1com.example.x",
)
"""What is not the name of a record type."""

BAD_KEYS: Final = (".", "..", "a/b", "a b", "ü", "#", "@", "a" * 513, "%", "(", "$")
"""What cannot be the key of a record."""

GOOD_KEYS: Final = ("self", "3jzfcijpj2z2a", "foo", "a", "~1.2_3:4-5", "A" * 512, "...", "3JZF-cij-pj2z-2a")
"""What can: any record key of today, which a TID is one of."""

BAD_DIDS: Final = (
    "did:",
    "did:plc",
    "did:plc:",
    "DID:plc:abc",
    "at://did:plc:x",
    "nonsense",
    "did:plc:ü",
    "did:plc:" + "a" * 3000,
)
"""What is not a DID."""

BAD_BOOLEANS: Final = ("1", "0", "TRUE", "False", "yes", "null", "true ", "truefalse")
"""What is neither true nor false."""

BAD_PATHS: Final = (
    "nonsense",
    "/",
    POST,
    f"{POST}/",
    "/key",
    f"{POST}/a/b",
    f"{POST}/.",
    f"{POST}/..",
    f"{POST}/a b",
    f"{POST}/ü",
    "bsky/key",
    "app.bsky.*/key",
    f"{POST}/{'x' * 513}",
    f"{POST}/a\0",
)
"""What cannot be the key of a repository's tree."""

BAD_BLOCKS: Final = (
    b"",
    b"\xa0\0",
    b"\x80",
    b"\x63abc",
    b"\xf6",
    b"\xa1\x61n\xfb\x3f\xf8\0\0\0\0\0\0",
    b"\xa1\x61n\x1b\0\x20\0\0\0\0\0\0",
    b"\xa2\x61b\x01\x61a\x02",
    b"\xa1\x61n\x18\x01",
    b"\xbf\x61n\x01\xff",
    b"\xa1\x61n\xc0\x61x",
    b"\xa1\x61\xff\x01",
    b"\xa1\x01\x01",
    b"\xa1\x61a" * 70 + b"\xf6",
    b"\xa1\x61a" * 5000 + b"\xf6",
    b"\xa1\x61\0\x01",
)
"""What cannot be the block of a record: not canonical, not of the data model, not an object."""
