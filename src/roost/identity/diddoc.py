"""DID documents: foreign JSON in, a frozen value out, and back.

Reads any DID Core document but keeps only what atproto uses: aliases, keys and services with string endpoints, by the
fragment of their id. Knows nothing of how a document was found, nor whether its handle points back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

from roost.crypto import CryptoError, PublicKey
from roost.crypto.didkey import parse_verification_method
from roost.identity.errors import InvalidDidDocument, UnusableKey
from roost.syntax import Did, Handle, InvalidSyntax

SIGNING_KEY_ID = "atproto"
LABEL_KEY_ID = "atproto_label"
PDS_ID = "atproto_pds"
PDS_TYPE = "AtprotoPersonalDataServer"

# Far more than any account needs; a document at the byte limit of a fetch could otherwise list tens of thousands.
MAX_ENTRIES = 256


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """A key of the document; `id` is the fragment without its `#`."""

    id: str
    type: str
    public_key_multibase: str

    def key(self) -> PublicKey:
        """Return the key; raises UnusableKey for a type or an encoding atproto does not know (7.6)."""
        try:
            return parse_verification_method(self.type, self.public_key_multibase)
        except CryptoError as error:
            raise UnusableKey(f"The key #{self.id} cannot be used: {error}") from None


@dataclass(frozen=True, slots=True)
class DocumentService:
    """A service of the document; `id` is the fragment without its `#`."""

    id: str
    type: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class DidDocument:
    """What a DID says of itself. `raw` is the document as it was received, for passing on."""

    did: Did
    also_known_as: tuple[str, ...] = ()
    verification_methods: tuple[VerificationMethod, ...] = ()
    services: tuple[DocumentService, ...] = ()
    raw: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), repr=False, compare=False)

    @property
    def handle(self) -> Handle | None:
        """The handle the first at:// alias claims, if it is one; a claim until the handle resolves back to the DID."""
        return claimed_handle(self.also_known_as)

    @property
    def signing_key(self) -> PublicKey | None:
        """The `#atproto` key, which signs repositories and service tokens; raises UnusableKey if it is unreadable."""
        return self.key(SIGNING_KEY_ID)

    def key(self, id: str) -> PublicKey | None:
        """Return the first key with this fragment, None without one; raises UnusableKey if it is unreadable."""
        for method in self.verification_methods:
            if method.id == id:
                return method.key()
        return None

    @property
    def pds_endpoint(self) -> str | None:
        """The URL of the account's host, exactly as written."""
        return self.service_endpoint(PDS_ID, type=PDS_TYPE)

    def service_endpoint(self, id: str, *, type: str | None = None) -> str | None:
        """Return the http(s) URL of the first service with this fragment (and type), exactly as written."""
        for service in self.services:
            if service.id == id and type in (None, service.type):
                return service.endpoint if _is_origin(service.endpoint) else None
        return None


def claimed_handle(aliases: Iterable[str]) -> Handle | None:
    """Return the handle that the first at:// alias is, None if there is none or it is no handle."""
    for alias in aliases:
        if alias.startswith("at://"):
            try:
                return Handle.parse(alias.removeprefix("at://"))
            except InvalidSyntax:
                return None
    return None


def parse(raw: object, *, did: Did | None = None) -> DidDocument:
    """Read a document out of decoded JSON; raises InvalidDidDocument, also when it is not about `did` (7.6).

    Entries atproto cannot use, though DID Core allows them (keys as JWK, endpoints that are objects, ids of other
    documents), are passed over; entries that break DID Core refuse the document.
    """
    document = _object(raw, "document")
    try:
        subject = Did.parse(document.get("id"))
    except InvalidSyntax as error:
        raise InvalidDidDocument(f"id is not a DID: {error}") from None
    if did is not None and subject != did:
        raise InvalidDidDocument(f"The document is about {subject}, not {did}")
    return DidDocument(
        did=subject,
        also_known_as=tuple(_string(alias, "alsoKnownAs") for alias in _list(document, "alsoKnownAs")),
        verification_methods=tuple(_methods(document, subject)),
        services=tuple(_services(document, subject)),
        raw=document,
    )


def format(document: DidDocument) -> dict[str, object]:
    """Return a document as JSON, made of what is understood (`raw` is left aside)."""
    did = document.did
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": str(did),
        "alsoKnownAs": list(document.also_known_as),
        "verificationMethod": [
            {
                "id": f"{did}#{method.id}",
                "type": method.type,
                "controller": str(did),
                "publicKeyMultibase": method.public_key_multibase,
            }
            for method in document.verification_methods
        ],
        "service": [
            {"id": f"#{service.id}", "type": service.type, "serviceEndpoint": service.endpoint}
            for service in document.services
        ],
    }


def _methods(document: Mapping[str, object], did: Did) -> Iterator[VerificationMethod]:
    for raw in _list(document, "verificationMethod"):
        entry = _object(raw, "verificationMethod")
        id, type = (
            _string(entry.get("id"), "verificationMethod/id"),
            _string(entry.get("type"), "verificationMethod/type"),
        )
        fragment, multibase = _fragment(id, did), entry.get("publicKeyMultibase")
        if fragment is not None and multibase is not None:
            yield VerificationMethod(fragment, type, _string(multibase, "verificationMethod/publicKeyMultibase"))


def _services(document: Mapping[str, object], did: Did) -> Iterator[DocumentService]:
    for raw in _list(document, "service"):
        entry = _object(raw, "service")
        fragment = _fragment(_string(entry.get("id"), "service/id"), did)
        type, endpoint = entry.get("type"), entry.get("serviceEndpoint")
        # DID Core allows a list of types and endpoints that are objects or lists; atproto uses neither.
        if fragment is not None and isinstance(type, str) and isinstance(endpoint, str):
            yield DocumentService(fragment, type, endpoint)


def _fragment(id: str, did: Did) -> str | None:
    """Return the name behind `#name` or `did#name`, None for an id in some other document."""
    owner, hash_mark, fragment = id.partition("#")
    return fragment if hash_mark and fragment and owner in ("", did) else None


def _is_origin(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isascii() and url.isprintable()


def _object(raw: object, name: str) -> dict[str, object]:
    if not isinstance(raw, dict):
        raise InvalidDidDocument(f"{name} must be an object")
    return raw


def _list(document: Mapping[str, object], name: str) -> list[object]:
    value = document.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidDidDocument(f"{name} must be an array")
    if len(value) > MAX_ENTRIES:
        raise InvalidDidDocument(f"{name} has more than {MAX_ENTRIES} entries")
    return value


def _string(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidDidDocument(f"{name} must be a string")
    return value
