"""Password hashes: Argon2id, in the standard text form that carries its own salt and costs.

Hashing is slow on purpose and runs where it is called, so a service calls it in a worker thread. The salt comes from
the operating system's entropy, through the argon2 library: the one thing here that is not an argument. Deliberately
does not know accounts, nor which passwords are good ones.
"""

from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from roost.crypto.errors import InvalidPasswordHash

# The least that OWASP's password storage sheet recommends for Argon2id: 19 MiB, two passes, one lane. A login costs a
# small server some 20 ms; more memory would let a flood of logins take the machine down before it slowed an attacker
# much.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)


def hash(password: str) -> str:
    """The text to store for a password, different each time."""
    return _HASHER.hash(_bytes(password))


def verify(password: str, stored: str) -> bool:
    """Whether the password is the one that was stored; raises InvalidPasswordHash when what is stored is no hash."""
    try:
        return _HASHER.verify(stored, _bytes(password))
    except VerifyMismatchError:
        return False
    except (InvalidHashError, VerificationError, UnicodeEncodeError) as why:
        raise InvalidPasswordHash("the stored password hash cannot be read") from why


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")  # a password may be any text at all, and none is worth a crash
