"""Accounts, sessions and names as they were in October 2022."""

from collections.abc import Mapping

import msgspec
import orjson

from roost.api import limits
from roost.api.com_atproto.identity import resolve_handle
from roost.api.com_atproto.server import (
    create_invite_code,
    describe_server,
    get_session,
    request_password_reset,
    reset_password,
)
from roost.api.method import FULL, Auth, Body, Procedure, Query
from roost.api.v2022.adapt import adapt
from roost.api.v2022.errors import InvalidUsername, UsernameNotAvailable, explain, explain_bearer
from roost.services.accounts import Accounts
from roost.services.caller import Caller
from roost.services.errors import EmailNotAvailable, HandleTaken, InvalidRequest, Unauthenticated
from roost.services.identity import Identity
from roost.services.policy import Policy
from roost.services.registration import Application, Registration
from roost.services.sessions import Sessions
from roost.syntax import Did, Handle, InvalidSyntax


class Nothing(msgspec.Struct, frozen=True):
    """`{}`: an answer that says only that it was done."""


class CreateAccountInput(msgspec.Struct, frozen=True, rename="camel"):
    """Who wants in."""

    email: str
    username: str
    password: str
    invite_code: str | None = None


class CreateAccountOutput(msgspec.Struct, frozen=True):
    """The token of the first session, and the account's names."""

    jwt: str
    username: Handle
    did: Did


async def create_account(
    registration: Registration, sessions: Sessions, input: CreateAccountInput
) -> CreateAccountOutput:
    """Make an account whose first session lasts without refreshing: a client of 2022 cannot refresh one."""
    await registration.check_invite(input.invite_code)
    wanted = Application(username(input.username), input.email, input.password, input.invite_code)
    try:
        made = await registration.register(wanted, refreshable=False)
    except HandleTaken:
        raise UsernameNotAvailable(f"Username already taken: {input.username}") from None
    except EmailNotAvailable:
        raise EmailNotAvailable(f"Email already taken: {input.email}") from None
    token = sessions.long_token(made.account, made.session)
    return CreateAccountOutput(token, made.account.handle, made.account.did)


def username(raw: str) -> Handle:
    """Return the handle that a username is. Raises InvalidUsername."""
    if raw.startswith("did:"):
        raise InvalidUsername("Cannot register a username that starts with `did:`")
    try:
        return Handle.parse(raw)
    except InvalidSyntax:
        raise InvalidUsername(f"Username is not a valid domain name: {raw[:300]}") from None


class CreateSessionInput(msgspec.Struct, frozen=True):
    """Who signs in."""

    username: str
    password: str


class CreateSessionOutput(msgspec.Struct, frozen=True):
    """The session's token, and whose it is."""

    jwt: str
    name: Handle
    did: Did


async def create_session(sessions: Sessions, input: CreateSessionInput) -> CreateSessionOutput:
    """Open a session that lasts without refreshing."""
    try:
        proved = await sessions.sign_in(input.username, input.password)
    except Unauthenticated:
        raise Unauthenticated("Invalid username or password") from None
    account = proved.account
    return CreateSessionOutput(await sessions.begin_long(account, proved.grant), account.handle, account.did)


def who(arguments: limits.Arguments) -> str:
    """Return who wants in."""
    input = arguments["input"]
    assert isinstance(input, CreateSessionInput), "it has been decoded"
    return input.username


async def delete_session(sessions: Sessions, caller: Caller) -> Nothing:
    """Revoke the session of the token that is presented, and no other."""
    await sessions.end(caller)
    return Nothing()


class GetAccountOutput(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The account; `name` and `username` are the same, for 2022 used both words."""

    did: Did
    username: Handle
    name: Handle
    created_at: str
    email: str | None = None


async def get_account(accounts: Accounts, caller: Caller) -> GetAccountOutput:
    """Describe the caller's account."""
    account = await accounts.get(caller.account)
    return GetAccountOutput(account.did, account.handle, account.handle, account.created_text, account.email)


async def delete_account(accounts: Accounts, caller: Caller, input: bytes) -> Nothing:
    """Delete the caller's account; a password is not asked for, but one that is sent must be right."""
    password = _password(input)
    if password is not None:
        try:
            await accounts.check_password(await accounts.get(caller.account), password)
        except Unauthenticated as error:
            # The token is good: a client that is told otherwise would sign in again, with the same password.
            raise InvalidRequest("Invalid username or password") from error
    await accounts.delete(caller.account)
    return Nothing()


def _password(body: bytes) -> str | None:
    """Return the password in a free-form body, if it is a JSON object with one. Raises InvalidRequest."""
    try:
        sent = orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return None
    if not isinstance(sent, dict) or "password" not in sent:
        return None
    if not isinstance(sent["password"], str):
        raise InvalidRequest("data/password must be string")
    return sent["password"]


class AccountsConfig(msgspec.Struct, frozen=True, rename="camel"):
    """The domains that usernames are given under, without a dot in front, and whether an invite is needed."""

    available_user_domains: list[str]
    invite_code_required: bool


def accounts_config(output: describe_server.Output) -> AccountsConfig:
    """Say today's description in the words of 2022."""
    domains = [domain.removeprefix(".") for domain in output.available_user_domains]
    return AccountsConfig(domains, output.invite_code_required)


class SessionOutput(msgspec.Struct, frozen=True):
    """Whose token it is."""

    name: Handle
    did: Did


def whose(output: get_session.Output) -> SessionOutput:
    """Keep of today's answer what 2022 told."""
    return SessionOutput(output.handle, output.did)


class ResolveNameParams(msgspec.Struct, frozen=True):
    """Which name; none means the host that was asked."""

    name: str | None = None


async def resolve_name(
    identity: Identity, policy: Policy, host: str, params: ResolveNameParams
) -> resolve_handle.Output:
    """Resolve a username hosted here, and one that is not where the operator allows asking the network."""
    asked = host.partition(":")[0].lower()
    name = asked if params.name is None else params.name.lower()
    try:
        handle = Handle.parse(name)
        if params.name is None or name == policy.hostname:
            return resolve_handle.Output(await identity.hosted(handle) or policy.did)
        return resolve_handle.Output(await identity.resolve_handle(handle, foreign=policy.resolve_foreign_handles))
    except (InvalidSyntax, InvalidRequest):
        if params.name is None or name == policy.hostname:
            return resolve_handle.Output(policy.did)
        raise InvalidRequest("Unable to resolve name") from None


class CreateInviteCodeInput(msgspec.Struct, frozen=True, rename="camel"):
    """How many accounts the code admits."""

    use_count: int


def to_create_invite_code(input: CreateInviteCodeInput) -> create_invite_code.Input:
    """Ask for a code in the administrator's name."""
    return create_invite_code.Input(input.use_count)


def same(output: create_invite_code.Output) -> create_invite_code.Output:
    """Answer as today."""
    return output


class RequestResetInput(msgspec.Struct, frozen=True):
    """Whose password is forgotten."""

    email: str


def to_request_reset(input: RequestResetInput) -> request_password_reset.Input:
    """Ask for the mail."""
    return request_password_reset.Input(input.email)


class ResetInput(msgspec.Struct, frozen=True):
    """The mailed token, and the new password."""

    token: str
    password: str


def to_reset(input: ResetInput) -> reset_password.Input:
    """Ask for the change."""
    return reset_password.Input(input.token, input.password)


def nothing(_output: object) -> Nothing:
    """Answer `{}` where today's method answers with no body."""
    return Nothing()


def unasked() -> Mapping[str, object]:
    """Ask for nothing: today's method takes nothing either."""
    return {}


METHODS = (
    Procedure("com.atproto.createAccount", create_account, explain=explain, limits=limits.CREATE_ACCOUNT),
    adapt("com.atproto.createInviteCode", create_invite_code.METHOD, to_create_invite_code, same),
    Procedure("com.atproto.createSession", create_session, explain=explain, limits=limits.sign_in(who)),
    Procedure(
        "com.atproto.deleteAccount",
        delete_account,
        auth=Auth.ACCESS_2022,
        scopes=FULL,
        body=Body.FREE,
        explain=explain_bearer,
        limits=limits.DELETE_ACCOUNT,
    ),
    Procedure(
        "com.atproto.deleteSession", delete_session, auth=Auth.ACCESS_2022, body=Body.FREE, explain=explain_bearer
    ),
    Query("com.atproto.getAccount", get_account, auth=Auth.ACCESS_2022, body=Body.FREE, explain=explain_bearer),
    adapt("com.atproto.getAccountsConfig", describe_server.METHOD, unasked, accounts_config),
    adapt("com.atproto.getSession", get_session.METHOD, unasked, whose),
    adapt("com.atproto.requestAccountPasswordReset", request_password_reset.METHOD, to_request_reset, nothing),
    adapt("com.atproto.resetAccountPassword", reset_password.METHOD, to_reset, nothing),
    Query("com.atproto.resolveName", resolve_name, explain=explain),
)
