"""Operations on a did:plc that its owner asks for: what they should contain, signing one, and submitting one (7.7).

A signature of this server's rotation key can hand an account to somebody else, so it costs a mailed token; the token is
looked at first and used up once the signature is made, so that a directory that is down does not cost one. What is
submitted here must leave the account hosted here.
"""

from collections.abc import Mapping

import msgspec

from roost.identity import plc
from roost.identity.errors import InvalidOperation
from roost.services.errors import AccountNotFound, InvalidRequest
from roost.services.identity_changes import Change, IdentityChanges
from roost.services.mail_tokens import MailTokens, Purpose
from roost.services.policy import Policy
from roost.services.repos import Repos
from roost.storage import accounts
from roost.storage.accounts import Account
from roost.storage.db import Database
from roost.syntax import Handle

NOT_PLC = "This is for accounts with a did:plc: the document of a did:web is its owner's to write"
NO_TOKEN = "email confirmation token required to sign PLC operations"  # noqa: S105 - a text, not a token

MAX_ROTATION_KEYS = 5
"""As many as a directory takes."""


class Credentials(msgspec.Struct, frozen=True):
    """What a DID should say for its account to live here; `rotation_keys` is None for a did:web."""

    rotation_keys: tuple[str, ...] | None
    also_known_as: tuple[str, ...]
    verification_methods: Mapping[str, str]
    services: Mapping[str, plc.Service]


class Wanted(msgspec.Struct, frozen=True):
    """The fields of an operation that somebody wants to change, as JSON; None leaves one as it is."""

    rotation_keys: object = None
    also_known_as: object = None
    verification_methods: object = None
    services: object = None


class PlcOperations:
    """Advises, signs and submits."""

    def __init__(
        self, db: Database, policy: Policy, changes: IdentityChanges, repos: Repos, mail_tokens: MailTokens
    ) -> None:
        self._db = db
        self._policy = policy
        self._changes = changes
        self._repos = repos
        self._mail_tokens = mail_tokens

    async def recommended(self, account: int) -> Credentials:
        """Return what the account's DID should say, made on what it says now, so that nothing of its owner's is lost.

        The keys in front of ours are the owner's own, and stay in front. In a DID that does not name ours yet they
        would be those of the host that the account leaves, so none is kept. Raises AccountNotFound, InvalidRequest,
        UpstreamFailure.
        """
        owner = await self._owner(account)
        key = await self._repos.signing_key(owner)
        if owner.did.method != "plc":
            bare = plc.account_state(
                signing_key=key, rotation_keys=(), handle=owner.handle, pds=self._policy.public_url
            )
            return Credentials(None, bare.also_known_as, bare.verification_methods, bare.services)
        now = plc.state_of(await self._changes.last(owner.did))
        state = now.with_handle(owner.handle).with_signing_key(key).with_pds(self._policy.public_url)
        return Credentials(self._rotation_keys(now), state.also_known_as, state.verification_methods, state.services)

    def _rotation_keys(self, state: plc.State) -> tuple[str, ...]:
        ours, operators = self._changes.rotation_key, self._policy.recovery_key
        keys = state.rotation_keys
        own = keys[: keys.index(ours)] if ours in keys else ()
        if operators is None or operators in own or len(own) + 2 > MAX_ROTATION_KEYS:
            return (*own, ours)
        return (*own, operators, ours)

    async def request(self, account: int) -> None:
        """Mail the token that a signature needs. Raises what `MailTokens.mail` does, and InvalidRequest."""
        self._check_plc(await self._owner(account))
        await self._mail_tokens.mail(account, Purpose.PLC_OPERATION)

    async def sign(self, account: int, token: str | None, wanted: Wanted) -> Mapping[str, object]:
        """Return an operation as JSON that makes the wanted changes, signed and not submitted; uses up the token.

        Raises AccountNotFound, InvalidToken, ExpiredToken, InvalidRequest, UpstreamFailure.
        """
        owner = await self._owner(account)
        self._check_plc(owner)
        if not token:
            raise InvalidRequest(NO_TOKEN)
        await self._db.write(lambda tx: self._mail_tokens.check(tx, account, Purpose.PLC_OPERATION, token))
        last = await self._changes.last(owner.did)
        operation = self._changes.sign(last, _changed(plc.state_of(last), wanted))
        await self._db.write(lambda tx: self._mail_tokens.use(tx, account, Purpose.PLC_OPERATION, token))
        return plc.to_json(operation)

    async def submit(self, account: int, raw: object) -> None:
        """Submit an operation of the account's DID, whoever signed it, if the account stays hosted here; tell of it.

        Raises AccountNotFound, InvalidRequest, TooManyRequests, UpstreamFailure.
        """
        owner = await self._owner(account)
        self._check_plc(owner)
        try:
            operation = plc.parse_operation(raw)
            plc.validate_operation(operation)
        except InvalidOperation as error:
            raise InvalidRequest(f"Invalid operation: {error}") from None
        if not isinstance(operation, plc.Operation):
            raise InvalidRequest("Invalid operation: only a plc_operation leaves the account hosted here")
        self._check_hosted(operation.state, owner.handle, await self._repos.signing_key(owner))
        await self._changes.submit(account, operation, Change(name_handle=False))

    def _check_hosted(self, state: plc.State, handle: Handle, signing_key: str) -> None:
        """Refuse a state with which the account could not go on living here; each way has its own text."""
        service = state.services.get("atproto_pds")
        if self._changes.rotation_key not in state.rotation_keys:
            raise InvalidRequest(f"rotationKeys must include the server's own, {self._changes.rotation_key}")
        if service is None or service.type != "AtprotoPersonalDataServer":
            raise InvalidRequest("services must have an atproto_pds of type AtprotoPersonalDataServer")
        if service.endpoint != self._policy.public_url:
            raise InvalidRequest(f"The endpoint of atproto_pds must be {self._policy.public_url}")
        if state.signing_key != signing_key:
            raise InvalidRequest(f"The atproto key in verificationMethods must be the account's, {signing_key}")
        if not state.also_known_as or state.also_known_as[0] != f"at://{handle}":
            raise InvalidRequest(f"alsoKnownAs must begin with the account's handle, at://{handle}")

    async def _owner(self, account: int) -> Account:
        found = await self._db.read(lambda tx: accounts.by_id(tx, account))
        if found is None:
            raise AccountNotFound("Account not found")
        return found

    def _check_plc(self, owner: Account) -> None:
        if owner.did.method != "plc":
            raise InvalidRequest(NOT_PLC)


def _changed(state: plc.State, wanted: Wanted) -> plc.State:
    fields: dict[str, object] = dict(plc.state_fields(state))
    given = {
        "rotationKeys": wanted.rotation_keys,
        "alsoKnownAs": wanted.also_known_as,
        "verificationMethods": wanted.verification_methods,
        "services": wanted.services,
    }
    try:
        return plc.parse_state(fields | {name: value for name, value in given.items() if value is not None})
    except InvalidOperation as error:
        raise InvalidRequest(f"Invalid operation: {error}") from None
