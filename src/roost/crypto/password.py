"""Password hashes: Argon2id, in the standard text form that carries its own salt and costs.

The reference server's hashes are scrypt's, and are read but never made: an account that was taken over from one signs
in with its old password, and is given a hash of ours then (`outdated`).

Hashing is slow on purpose and runs where it is called, so a service calls it in a worker thread. The salt comes from
the operating system's entropy, through the argon2 library: the one thing here that is not an argument. Deliberately
does not know accounts, nor which passwords are good ones.
"""

import re
from hashlib import scrypt
from hmac import compare_digest
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from roost.crypto.errors import InvalidPasswordHash

# The least that OWASP's password storage sheet recommends for Argon2id: 19 MiB, two passes, one lane. A login costs a
# small server some 20 ms; more memory would let a flood of logins take the machine down before it slowed an attacker
# much.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)


_SCRYPT: Final = "scrypt:"
"""What stands before a hash of the reference server's. Its costs are fixed: N 16384, r 8, p 1, 64 bytes."""

_REFERENCE: Final = re.compile(r"[!-9;-~]{1,128}:[0-9a-f]{128}")


def hash(password: str) -> str:
    """The text to store for a password, different each time."""
    return _HASHER.hash(_bytes(password))


def verify(password: str, stored: str) -> bool:
    """Whether the password is the one that was stored; raises InvalidPasswordHash when what is stored is no hash."""
    if stored.startswith(_SCRYPT):
        return _verify_scrypt(password, stored)
    try:
        return _HASHER.verify(stored, _bytes(password))
    except VerifyMismatchError:
        return False
    except (InvalidHashError, VerificationError, UnicodeEncodeError) as why:
        raise InvalidPasswordHash("the stored password hash cannot be read") from why


def outdated(stored: str) -> bool:
    """Whether what is stored should be replaced by a hash of ours, once the password is there to make it of."""
    return stored.startswith(_SCRYPT)


def from_reference(stored: str) -> str:
    """The text to store for the reference server's `salt:hash`; raises InvalidPasswordHash (spec section 4.3)."""
    if not _REFERENCE.fullmatch(stored):
        raise InvalidPasswordHash("not a password hash of the reference server's")
    return _SCRYPT + stored


def scrypt_hash(password: str, salt: str) -> bytes:
    """The 64 bytes that the reference server keeps of a password; the salt is a text that it uses as it is."""
    return scrypt(_bytes(password), salt=salt.encode(), n=16384, r=8, p=1, maxmem=64 * 1024 * 1024, dklen=64)


def _verify_scrypt(password: str, stored: str) -> bool:
    salt, _, hashed = stored.removeprefix(_SCRYPT).partition(":")
    try:
        return compare_digest(scrypt_hash(password, salt), bytes.fromhex(hashed))
    except ValueError as why:
        raise InvalidPasswordHash("the stored password hash cannot be read") from why


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")  # a password may be any text at all, and none is worth a crash
