"""Keys and signatures, tokens, password hashes and sealed bytes.

Deliberately does not know accounts, repositories, or where any of these are kept; nor what time it is.
"""

from roost.crypto.errors import (
    CryptoError,
    ExpiredToken,
    InvalidKey,
    InvalidPasswordHash,
    InvalidToken,
    PrematureToken,
    SealError,
    Tampered,
    WrongMasterKey,
)
from roost.crypto.keys import K256, P256, PrivateKey, PublicKey
from roost.crypto.multikey import Curve

__all__ = [
    "K256",
    "P256",
    "CryptoError",
    "Curve",
    "ExpiredToken",
    "InvalidKey",
    "InvalidPasswordHash",
    "InvalidToken",
    "PrematureToken",
    "PrivateKey",
    "PublicKey",
    "SealError",
    "Tampered",
    "WrongMasterKey",
]
