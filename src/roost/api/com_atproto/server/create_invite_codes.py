"""com.atproto.server.createInviteCodes: codes for several accounts to give away."""

from collections.abc import Sequence

import msgspec

from roost.api.method import Auth, Procedure
from roost.services.audit import Action
from roost.services.invites import AccountCodes, Invites
from roost.syntax import Did


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """How many codes for each account, how many people each admits, and in whose names they are given out."""

    use_count: int
    code_count: int = 1
    for_accounts: Sequence[Did] | None = None


class Output(msgspec.Struct, frozen=True):
    """The codes, by account."""

    codes: list[AccountCodes]


async def create_invite_codes(invites: Invites, action: Action, input: Input) -> Output:
    """Make codes, all of them or none. Raises InvalidRequest."""
    owners = ["admin"] if input.for_accounts is None else [str(did) for did in input.for_accounts]
    made = await invites.create_many(count=input.code_count, uses=input.use_count, for_accounts=owners, action=action)
    return Output(made)


METHOD = Procedure("com.atproto.server.createInviteCodes", create_invite_codes, auth=Auth.ADMIN)
