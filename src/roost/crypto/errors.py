"""What can be wrong with keys, tokens and sealed bytes, by name.

    CryptoError
    ├── InvalidKey                 not a key of a curve that the protocol uses
    ├── InvalidToken               not a token of ours: its form, its signature or a claim
    │   ├── ExpiredToken           it was one, until now
    │   └── PrematureToken         it says that it becomes one later
    ├── InvalidPasswordHash        a stored hash that is not one: ours is broken, the password may be right
    └── SealError
        ├── WrongMasterKey         sealed with another master key
        └── Tampered               not what was sealed, or not for this context

Each is a ValueError. Deliberately does not know what the caller will answer.
"""


class CryptoError(ValueError):
    """A key, token, hash or seal that cannot be used."""


class InvalidKey(CryptoError):
    """Not a key of a curve that the protocol uses, or not in a form that it uses."""


class InvalidToken(CryptoError):
    """Not a token of ours: its form, its signature or a claim is wrong."""


class ExpiredToken(InvalidToken):
    """The token's time is over."""


class PrematureToken(InvalidToken):
    """The token's time has not come."""


class InvalidPasswordHash(CryptoError):
    """A stored password hash is not one that this module made."""


class SealError(CryptoError):
    """Sealed bytes cannot be opened."""


class WrongMasterKey(SealError):
    """The bytes were sealed with another master key."""


class Tampered(SealError):
    """The bytes are not what was sealed, or were sealed for another context."""
