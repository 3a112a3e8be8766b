"""PLC operations as frozen values: how they are read, encoded, signed and hashed (did:plc specification).

An operation is a complete new `State` of an identity, a link to the operation before it and a signature. Knows nothing
of limits (`rules`), of the log an operation joins (`log`) or of the directory that keeps it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from roost.crypto import PrivateKey
from roost.data import Cid, DataError, Value, cbor
from roost.identity.errors import InvalidOperation, InvalidSignatureText
from roost.syntax import Did, Handle

# The names atproto gives its entries in verificationMethods and services.
SIGNING_KEY_ID = "atproto"
PDS_ID = "atproto_pds"
PDS_TYPE = "AtprotoPersonalDataServer"

# ECDSA over either curve: r and s, 32 bytes each.
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Service:
    """One entry of `services`: what it is, and where."""

    type: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class State:
    """All an identity says about itself at one moment; keys are did:key texts, most powerful rotation key first."""

    rotation_keys: tuple[str, ...]
    verification_methods: Mapping[str, str]
    also_known_as: tuple[str, ...]
    services: Mapping[str, Service]

    @property
    def signing_key(self) -> str | None:
        """The did:key repositories are signed with."""
        return self.verification_methods.get(SIGNING_KEY_ID)

    @property
    def pds_endpoint(self) -> str | None:
        """The URL of the host, when the service has the type of a PDS."""
        service = self.services.get(PDS_ID)
        return service.endpoint if service is not None and service.type == PDS_TYPE else None

    def with_handle(self, handle: Handle) -> State:
        """Replace the first at:// alias, or put one in front of the others (7.1)."""
        aliases = list(self.also_known_as)
        at = next((i for i, alias in enumerate(aliases) if alias.startswith("at://")), None)
        if at is None:
            aliases.insert(0, f"at://{handle}")
        else:
            aliases[at] = f"at://{handle}"
        return replace(self, also_known_as=tuple(aliases))

    def with_signing_key(self, did_key: str) -> State:
        """Replace the key repositories are signed with."""
        return replace(self, verification_methods={**self.verification_methods, SIGNING_KEY_ID: did_key})

    def with_pds(self, endpoint: str) -> State:
        """Replace the host."""
        return replace(self, services={**self.services, PDS_ID: Service(PDS_TYPE, endpoint)})

    def with_rotation_keys(self, *did_keys: str) -> State:
        """Replace the keys that control the identity, most powerful first."""
        return replace(self, rotation_keys=did_keys)


@dataclass(frozen=True, slots=True)
class Operation:
    """A `plc_operation`: genesis when `prev` is None, an update otherwise."""

    state: State
    prev: Cid | None
    sig: str = field(default="")


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A `plc_tombstone`: the identity ends, unless a stronger key nullifies this within 72 hours."""

    prev: Cid
    sig: str = field(default="")


@dataclass(frozen=True, slots=True)
class LegacyCreate:
    """A `create` of the directory's first months: read in old logs, never written."""

    signing_key: str
    recovery_key: str
    handle: str
    service: str
    sig: str = field(default="")


AnyOperation = Operation | Tombstone | LegacyCreate


def account_state(*, signing_key: str, rotation_keys: tuple[str, ...], handle: Handle, pds: str) -> State:
    """Return the state a new account starts with (7.1)."""
    return State(
        rotation_keys=rotation_keys,
        verification_methods={SIGNING_KEY_ID: signing_key},
        also_known_as=(f"at://{handle}",),
        services={PDS_ID: Service(PDS_TYPE, pds)},
    )


def genesis(state: State, key: PrivateKey) -> Operation:
    """Return the signed first operation of a new identity; `key` should be one of its rotation keys."""
    return _signed(Operation(state, None), key)


def update(last: Operation | LegacyCreate, state: State, key: PrivateKey) -> Operation:
    """Return the signed operation that gives an identity a new state after `last`."""
    return _signed(Operation(state, cid_of(last)), key)


def tombstone(last: Operation | LegacyCreate, key: PrivateKey) -> Tombstone:
    """Return the signed operation that ends an identity after `last`."""
    prev = cid_of(last)
    return Tombstone(prev, _signature(Tombstone(prev), key))


def _signed(operation: Operation, key: PrivateKey) -> Operation:
    return replace(operation, sig=_signature(operation, key))


def _signature(operation: AnyOperation, key: PrivateKey) -> str:
    return base64.urlsafe_b64encode(key.sign(signed_bytes(operation))).rstrip(b"=").decode()


def state_of(operation: Operation | LegacyCreate) -> State:
    """Return the state an operation sets; a legacy one counts its recovery key as the stronger."""
    if isinstance(operation, Operation):
        return operation.state
    endpoint = operation.service
    if not endpoint.startswith(("http://", "https://")):
        endpoint = f"https://{endpoint}"
    handle = operation.handle.removeprefix("https://").removeprefix("http://")
    return State(
        rotation_keys=(operation.recovery_key, operation.signing_key),
        verification_methods={SIGNING_KEY_ID: operation.signing_key},
        also_known_as=(handle if handle.startswith("at://") else f"at://{handle}",),
        services={PDS_ID: Service(PDS_TYPE, endpoint)},
    )


def prev_of(operation: AnyOperation) -> Cid | None:
    """Return the CID of the operation this one builds on, None for a genesis."""
    return None if isinstance(operation, LegacyCreate) else operation.prev


def encode(operation: AnyOperation) -> bytes:
    """Return the DAG-CBOR that is hashed: with `sig`, with `prev` as text or null and not as a link."""
    return cbor.encode(_fields(operation) | {"sig": operation.sig})


def signed_bytes(operation: AnyOperation) -> bytes:
    """Return the DAG-CBOR the signature is over: the operation with no `sig` at all."""
    return cbor.encode(_fields(operation))


def cid_of(operation: AnyOperation) -> Cid:
    """Return the name a later operation's `prev` gives this one."""
    return Cid.of_cbor(encode(operation))


def did_of(operation: Operation | LegacyCreate) -> Did:
    """Return the DID a genesis operation creates: 24 characters of the base32 of its hash (7.1)."""
    digest = hashlib.sha256(encode(operation)).digest()
    return Did.parse("did:plc:" + base64.b32encode(digest).decode().lower()[:24])


def signature_bytes(operation: AnyOperation) -> bytes:
    """Return the 64 bytes of `sig`; raises InvalidSignatureText for any but their one canonical text (7.1).

    Python's decoder skips foreign characters and ignores trailing bits, so the text is encoded again and compared:
    otherwise one signature would have many texts, and one operation many CIDs.
    """
    sig = operation.sig
    try:
        raw = base64.b64decode(sig.encode("ascii") + b"==", altchars=b"-_")
    except (UnicodeEncodeError, binascii.Error):
        raise InvalidSignatureText from None
    if len(raw) != _SIGNATURE_BYTES or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != sig:
        raise InvalidSignatureText
    return raw


def to_json(operation: AnyOperation) -> dict[str, Value]:
    """Return the operation as the directory's JSON has it."""
    return _fields(operation) | {"sig": operation.sig}


def _fields(operation: AnyOperation) -> dict[str, Value]:
    match operation:
        case Operation():
            return {"type": "plc_operation", **state_fields(operation.state), "prev": _text(operation.prev)}
        case Tombstone():
            return {"type": "plc_tombstone", "prev": str(operation.prev)}
        case LegacyCreate():
            return {
                "type": "create",
                "signingKey": operation.signing_key,
                "recoveryKey": operation.recovery_key,
                "handle": operation.handle,
                "service": operation.service,
                "prev": None,
            }


def state_fields(state: State) -> dict[str, Value]:
    """Return a state's four fields as JSON, as `/:did/data` and operations have them."""
    return {
        "rotationKeys": list(state.rotation_keys),
        "verificationMethods": dict(state.verification_methods),
        "alsoKnownAs": list(state.also_known_as),
        "services": {name: {"type": s.type, "endpoint": s.endpoint} for name, s in state.services.items()},
    }


def _text(cid: Cid | None) -> str | None:
    return None if cid is None else str(cid)


def parse_operation(raw: object) -> AnyOperation:
    """Read an operation out of decoded JSON; raises InvalidOperation naming the field that is wrong.

    Unknown fields are refused, not dropped: they would be part of what was signed.
    """
    fields = _object(raw, "operation")
    match fields.get("type"):
        case "plc_operation":
            _only(fields, {"type", "rotationKeys", "verificationMethods", "alsoKnownAs", "services", "prev", "sig"})
            return Operation(parse_state(fields), _nullable_cid(fields), _string(fields, "sig"))
        case "plc_tombstone":
            _only(fields, {"type", "prev", "sig"})
            prev = _nullable_cid(fields)
            if prev is None:
                raise InvalidOperation("prev of a tombstone must not be null")
            return Tombstone(prev, _string(fields, "sig"))
        case "create":
            return _legacy(fields)
        case _:
            raise InvalidOperation("type must be plc_operation, plc_tombstone or create")


def parse_state(raw: object) -> State:
    """Read the four fields of a state out of decoded JSON (an operation, or `/:did/data`); raises InvalidOperation."""
    fields = _object(raw, "state")
    methods = _object(fields.get("verificationMethods"), "verificationMethods")
    services = _object(fields.get("services"), "services")
    return State(
        rotation_keys=_strings(fields, "rotationKeys"),
        verification_methods={name: _string(methods, name) for name in methods},
        also_known_as=_strings(fields, "alsoKnownAs"),
        services={name: _service(entry, name) for name, entry in services.items()},
    )


def _legacy(fields: dict[str, object]) -> LegacyCreate:
    _only(fields, {"type", "signingKey", "recoveryKey", "handle", "service", "prev", "sig"})
    if _nullable_cid(fields) is not None:
        raise InvalidOperation("prev of a create must be null")
    signing_key, recovery_key = _string(fields, "signingKey"), _string(fields, "recoveryKey")
    return LegacyCreate(
        signing_key, recovery_key, _string(fields, "handle"), _string(fields, "service"), _string(fields, "sig")
    )


def _service(raw: object, name: str) -> Service:
    entry = _object(raw, f"services/{name}")
    _only(entry, {"type", "endpoint"})
    return Service(_string(entry, "type"), _string(entry, "endpoint"))


def _object(raw: object, name: str) -> dict[str, object]:
    if not isinstance(raw, dict):
        raise InvalidOperation(f"{name} must be an object")
    return raw


def _only(fields: dict[str, object], known: set[str]) -> None:
    unknown = fields.keys() - known
    if unknown:
        raise InvalidOperation(f"Unrecognized field {min(unknown)}")


def _string(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise InvalidOperation(f"{name} must be a string")
    try:
        value.encode()  # a lone surrogate, which JSON can spell, has no CBOR
    except UnicodeEncodeError:
        raise InvalidOperation(f"{name} must be valid Unicode") from None
    return value


def _strings(fields: dict[str, object], name: str) -> tuple[str, ...]:
    value = fields.get(name)
    if not isinstance(value, list):
        raise InvalidOperation(f"{name} must be an array of strings")
    return tuple(_string({name: item}, name) for item in value)


def _nullable_cid(fields: dict[str, object]) -> Cid | None:
    # prev: null must be written out; an operation that leaves it away hashes to something else.
    if "prev" not in fields:
        raise InvalidOperation("prev must be present, null for a genesis")
    raw = fields["prev"]
    if raw is None:
        return None
    try:
        return Cid.parse(raw)
    except DataError:
        raise InvalidOperation("prev must be the CID of an operation") from None
