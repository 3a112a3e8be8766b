"""The name of a block: a CIDv1 over SHA-256, as 36 bytes.

Records, tree nodes and commits are named with the dag-cbor codec, blobs with the raw codec; the protocol uses no
other kind (spec section 6.1), so none is accepted as a link. A `Cid` is its own binary form: compact, hashable,
ordered, and encoded as a link by the CBOR encoder. Deliberately does not know what the bytes that it names mean.
"""

import re
from hashlib import sha256
from typing import Final

import libipld

from roost.data.errors import InvalidCid

DAG_CBOR: Final = 0x71
RAW: Final = 0x55

# Version 1, codec, SHA-256 (0x12), 32 bytes of digest (0x20).
_CBOR_PREFIX: Final = bytes((1, DAG_CBOR, 0x12, 32))
_RAW_PREFIX: Final = bytes((1, RAW, 0x12, 32))
PREFIXES: Final = frozenset((_CBOR_PREFIX, _RAW_PREFIX))
SIZE: Final = 36

# The published vectors for lexicon strings accept any multibase and any content that looks the part. No multibase is
# prefixed `Q`: what starts with `Qm` is a CIDv0, which they refuse.
_CID_TEXT: Final = re.compile(r"(?!Qm)[A-Za-z0-9+=]{8,256}", re.ASCII)


class Cid(bytes):
    """The 36 bytes of a CID; `str(cid)` is its text. Made by `parse`, `from_bytes`, `of_cbor` and `of_raw`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: object) -> "Cid":
        """The CID written as lower-case base32 text (`bafy…`, `bafk…`); raises InvalidCid (spec section 6.1)."""
        if not isinstance(text, str):
            raise InvalidCid(f"a CID is a string, not {type(text).__name__}")
        try:
            raw = libipld.decode_multibase(text)[1]
            # Encoding again refuses every second spelling: other bases, upper case, padding, stray trailing bits.
            if raw[:4] in PREFIXES and len(raw) == SIZE and libipld.encode_cid(raw) == text:
                return cls(raw)
        except ValueError:  # libipld's own, and UnicodeEncodeError for a lone surrogate
            pass
        raise InvalidCid(f"not a CIDv1 with SHA-256 in base32: {text[:100]!r}")

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Cid":
        """The CID with this binary form; raises InvalidCid unless it is version 1, dag-cbor or raw, SHA-256."""
        if len(raw) == SIZE and raw[:4] in PREFIXES:
            return cls(raw)
        raise InvalidCid(f"not the bytes of a CIDv1 with SHA-256: {raw[:SIZE].hex()}")

    @classmethod
    def of_cbor(cls, block: bytes) -> "Cid":
        """The name of a DAG-CBOR block: a record, a tree node, a commit."""
        return cls(_CBOR_PREFIX + sha256(block).digest())

    @classmethod
    def of_raw(cls, blob: bytes) -> "Cid":
        """The name of a blob."""
        return cls(_RAW_PREFIX + sha256(blob).digest())

    @classmethod
    def of_raw_digest(cls, digest: bytes) -> "Cid":
        """The name of a blob whose SHA-256 was computed while its bytes went by."""
        assert len(digest) == 32, "SHA-256 has 32 bytes"
        return cls(_RAW_PREFIX + digest)

    @property
    def codec(self) -> int:
        """How the named bytes are encoded: DAG_CBOR or RAW."""
        return self[1]

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the named bytes."""
        return self[4:]

    def names(self, block: bytes) -> bool:
        """Whether this is the name of these bytes."""
        return self[4:] == sha256(block).digest()

    def __str__(self) -> str:
        return libipld.encode_cid(self)

    def __repr__(self) -> str:
        return f"Cid({str(self)!r})"


def is_cid_text(raw: object) -> bool:
    """Whether a string passes as lexicon format `cid`, which is far laxer than a link (spec section 1.11)."""
    return isinstance(raw, str) and _CID_TEXT.fullmatch(raw) is not None
