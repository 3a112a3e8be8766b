"""Sealed bytes: AES-256-GCM under the server's master key, for secrets that rest in a database.

The sealed form is a version byte, four bytes that tell master keys apart, the nonce, and the ciphertext with its tag.
The context (for example which account's which key) is authenticated and not stored: a sealed value that is moved to
another row does not open. Deliberately does not know where the master key comes from, nor what is sealed.
"""

from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from roost.crypto.errors import Tampered, WrongMasterKey

MASTER_SIZE: Final = 32  # AES-256
NONCE_SIZE: Final = 12  # what GCM is made for
_VERSION: Final = b"\x01"
_KEY_ID_SIZE: Final = 4
_TAG_SIZE: Final = 16
_HEAD_SIZE: Final = len(_VERSION) + _KEY_ID_SIZE + NONCE_SIZE


def seal(master: bytes, nonce: bytes, plain: bytes, *, context: bytes) -> bytes:
    """The sealed form of some bytes. The nonce is 12 random bytes, never used twice with one master key."""
    assert len(nonce) == NONCE_SIZE, "a nonce has 12 bytes"
    head = _VERSION + key_id(master) + nonce
    return head + AESGCM(master).encrypt(nonce, plain, head + context)


def unseal(master: bytes, sealed: bytes, *, context: bytes) -> bytes:
    """What was sealed with this master key for this context; raises WrongMasterKey or Tampered."""
    if len(sealed) < _HEAD_SIZE + _TAG_SIZE or not sealed.startswith(_VERSION):
        raise Tampered("not a sealed value")
    head, body = sealed[:_HEAD_SIZE], sealed[_HEAD_SIZE:]
    if head[1 : 1 + _KEY_ID_SIZE] != key_id(master):
        raise WrongMasterKey("sealed with another master key")
    try:
        return AESGCM(master).decrypt(head[-NONCE_SIZE:], body, head + context)
    except InvalidTag as why:
        raise Tampered("not what was sealed, or not for this context") from why


def key_id(master: bytes) -> bytes:
    """Four bytes that tell master keys apart, and say nothing else about them."""
    assert len(master) == MASTER_SIZE, "a master key has 32 bytes"
    return sha256(master).digest()[:_KEY_ID_SIZE]
