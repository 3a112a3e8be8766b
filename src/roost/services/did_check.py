"""Whether an account's DID document says what it must for the account to live here (8.4).

The one place that knows what a document is held against: our endpoint to the letter, the key that the account's commits
are signed with, and for a did:plc the key with which this server may change it. It always asks the source, never a
cache. Deliberately does not know what follows from it: an activation refused, a status told, a line in a report.
"""

from typing import Final, Literal

import msgspec

from roost.identity import plc
from roost.identity.diddoc import DidDocument, claimed_handle
from roost.identity.errors import UnusableKey
from roost.net.errors import DidNotResolved, NetError
from roost.net.plc import PlcDirectory
from roost.net.resolve import DidResolver
from roost.services.errors import InvalidRequest, ServiceError
from roost.services.policy import Policy
from roost.services.repos import Repos
from roost.services.upstream import explained
from roost.storage.accounts import Account
from roost.syntax import Did, Handle

NO_ROTATION_KEY: Final = "Server rotation key not included in PLC DID data"


class Claims(msgspec.Struct, frozen=True):
    """What a DID says of itself; keys are did:key texts, and `rotation_keys` is None for a did:web, which has none."""

    handle: Handle | None
    signing_key: str | None
    endpoint: str | None
    rotation_keys: tuple[str, ...] | None


class Difference(msgspec.Struct, frozen=True):
    """One thing that a document does not say as it must; `found` is None where it says nothing at all."""

    what: Literal["handle", "signing key", "endpoint", "rotation key"]
    expected: str
    found: str | None
    message: str


class DidCheck:
    """Holds DID documents against the accounts here; `rotation_key` is the did:key of this server's own."""

    def __init__(
        self, policy: Policy, directory: PlcDirectory, resolver: DidResolver, repos: Repos, *, rotation_key: str
    ) -> None:
        self._policy = policy
        self._directory = directory
        self._resolver = resolver
        self._repos = repos
        self._rotation_key = rotation_key

    async def check(self, account: Account) -> None:
        """Refuse an account whose document would not lead the network here.

        Raises InvalidRequest saying what is wrong with the document, or that there is none; UpstreamFailure or
        UpstreamTimeout when nobody can say.
        """
        problems = await self.differences(account)
        if problems:
            raise InvalidRequest(problems[0].message)

    async def valid(self, account: Account) -> bool:
        """Return whether `check` passes; False also when nobody can say."""
        try:
            await self.check(account)
        except ServiceError:
            return False
        return True

    async def leads_here(self, did: Did) -> bool:
        """Return whether the DID names this server as its own, whatever else it says. Raises as `check` does."""
        return (await self.claims(did)).endpoint == self._policy.public_url

    async def differences(self, account: Account, *, handle_too: bool = False) -> list[Difference]:
        """Return everything that the document does not say as it must, in the order in which `check` looks.

        `handle_too` compares the handle as well, which an account may live without. Raises as `check` does for a
        document that cannot be had.
        """
        claims = await self.claims(account.did)
        found = [
            *self._rotation_differences(claims),
            *self._endpoint_differences(claims),
            *_key_differences(claims, await self._repos.signing_key(account)),
        ]
        return [*found, *_handle_differences(claims, account)] if handle_too else found

    async def claims(self, did: Did) -> Claims:
        """Return what the DID says of itself now, from its source. Raises as `check` does."""
        try:
            if did.method == "plc":
                return claims_of_state(await self._directory.data(did))
            return claims_of_document(await self._resolver.resolve(did, fresh=True))
        except DidNotResolved:
            raise InvalidRequest(f"Could not resolve DID: {did}") from None
        except NetError as error:
            who = "The PLC directory" if did.method == "plc" else "The host of the DID document"
            raise explained(error, who) from error

    def _rotation_differences(self, claims: Claims) -> list[Difference]:
        if claims.rotation_keys is None or self._rotation_key in claims.rotation_keys:
            return []
        found = ", ".join(claims.rotation_keys) or None
        return [Difference("rotation key", self._rotation_key, found, NO_ROTATION_KEY)]

    def _endpoint_differences(self, claims: Claims) -> list[Difference]:
        expected = self._policy.public_url
        if claims.endpoint == expected:
            return []
        message = f"The DID document's service atproto_pds must be at {expected}, not {_or_nowhere(claims.endpoint)}"
        return [Difference("endpoint", expected, claims.endpoint, message)]


def claims_of_state(state: plc.State) -> Claims:
    """Return what a did:plc's data says."""
    return Claims(claimed_handle(state.also_known_as), state.signing_key, state.pds_endpoint, state.rotation_keys)


def claims_of_document(document: DidDocument) -> Claims:
    """Return what a did:web's document says; a key that cannot be read is as good as none."""
    try:
        key = document.signing_key
    except UnusableKey:
        key = None
    return Claims(document.handle, None if key is None else key.did_key, document.pds_endpoint, None)


def _key_differences(claims: Claims, expected: str) -> list[Difference]:
    if claims.signing_key == expected:
        return []
    message = f"The DID document's key atproto must be {expected}, not {claims.signing_key or 'missing'}"
    return [Difference("signing key", expected, claims.signing_key, message)]


def _handle_differences(claims: Claims, account: Account) -> list[Difference]:
    if claims.handle == account.handle:
        return []
    message = f"The DID document must name the handle {account.handle} first, not {claims.handle or 'none'}"
    return [Difference("handle", account.handle, claims.handle, message)]


def _or_nowhere(endpoint: str | None) -> str:
    return "nowhere" if endpoint is None else endpoint
