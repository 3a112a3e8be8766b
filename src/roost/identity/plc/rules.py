"""What a directory asks of one incoming operation, before it looks at the log (7.1).

Only what is submitted now is judged so: old logs hold operations with no rotation keys, or the same key twice, and stay
valid. Knows nothing of signatures or of time.
"""

from __future__ import annotations

import re

from roost.crypto import CryptoError, PublicKey
from roost.identity.errors import InvalidOperation, OperationTooLarge
from roost.identity.plc.operation import AnyOperation, LegacyCreate, Operation, State, encode, signature_bytes

# The specification says 7500; the public directory has taken no more than this since 2026-01, so neither do we.
MAX_OPERATION_BYTES = 4000
MAX_ROTATION_KEYS = 5
MAX_ENTRIES = 10
MAX_ALIAS_CHARS = 258  # the longest handle, 253, behind "at://"
MAX_ID_CHARS = 32
MAX_SERVICE_TYPE_CHARS = 256
MAX_ENDPOINT_CHARS = 512
MAX_DID_KEY_CHARS = 256

# A verification method may be a key of any kind since 2025-06-05, so only its form can be judged: base58btc.
_DID_KEY = re.compile(r"did:key:z[1-9A-HJ-NP-Za-km-z]+", re.ASCII)


def validate_operation(operation: AnyOperation) -> None:
    """Refuse an operation no directory takes, whatever the log; raises InvalidOperation (7.1)."""
    if isinstance(operation, LegacyCreate):
        raise InvalidOperation("create operations are no longer accepted")
    size = len(encode(operation))
    if size > MAX_OPERATION_BYTES:
        raise OperationTooLarge(size, MAX_OPERATION_BYTES)
    signature_bytes(operation)
    if isinstance(operation, Operation):
        _check_rotation_keys(operation.state)
        _check_aliases(operation.state)
        _check_services(operation.state)
        _check_verification_methods(operation.state)


def _check_rotation_keys(state: State) -> None:
    keys = state.rotation_keys
    if not keys:
        raise InvalidOperation("At least one rotationKey is required")
    if len(keys) > MAX_ROTATION_KEYS:
        raise InvalidOperation(f"Too many rotationKey entries (max {MAX_ROTATION_KEYS})")
    if len(set(keys)) != len(keys):
        raise InvalidOperation("duplicate rotationKey entry")
    for key in keys:
        # These must verify signatures, so unlike verification methods they must be of a curve that is understood.
        try:
            PublicKey.from_did_key(key)
        except CryptoError:
            raise InvalidOperation(f"Invalid rotationKey: {_shown(key)}") from None


def _check_aliases(state: State) -> None:
    aliases = state.also_known_as
    if len(aliases) > MAX_ENTRIES:
        raise InvalidOperation(f"Too many alsoKnownAs entries (max {MAX_ENTRIES})")
    for alias in aliases:
        if len(alias) > MAX_ALIAS_CHARS:
            raise InvalidOperation(f"alsoKnownAs entry too long (max {MAX_ALIAS_CHARS}): {_shown(alias)}")
    if len(set(aliases)) != len(aliases):
        raise InvalidOperation("duplicate alsoKnownAs entry")


def _check_services(state: State) -> None:
    if len(state.services) > MAX_ENTRIES:
        raise InvalidOperation(f"Too many service entries (max {MAX_ENTRIES})")
    for name, service in state.services.items():
        if len(name) > MAX_ID_CHARS:
            raise InvalidOperation(f"Service id too long (max {MAX_ID_CHARS}): {_shown(name)}")
        if len(service.type) > MAX_SERVICE_TYPE_CHARS:
            raise InvalidOperation(f"Service type too long (max {MAX_SERVICE_TYPE_CHARS})")
        if len(service.endpoint) > MAX_ENDPOINT_CHARS:
            raise InvalidOperation(f"Service endpoint too long (max {MAX_ENDPOINT_CHARS})")


def _check_verification_methods(state: State) -> None:
    if len(state.verification_methods) > MAX_ENTRIES:
        raise InvalidOperation(f"Too many verificationMethod entries (max {MAX_ENTRIES})")
    for name, key in state.verification_methods.items():
        if len(name) > MAX_ID_CHARS:
            raise InvalidOperation(f"Verification Method id too long (max {MAX_ID_CHARS}): {_shown(name)}")
        if len(key) > MAX_DID_KEY_CHARS or not _DID_KEY.fullmatch(key):
            raise InvalidOperation(f"Invalid verificationMethod key: {_shown(key)}")


def _shown(text: str) -> str:
    # Repeat no more of a stranger's text than helps them find it.
    return text if len(text) <= MAX_ALIAS_CHARS else text[:MAX_ALIAS_CHARS] + "…"
