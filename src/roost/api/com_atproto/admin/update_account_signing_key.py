"""com.atproto.admin.updateAccountSigningKey: another key for an account's commits, of those that this server holds."""

import msgspec

from roost.api.method import Auth, Procedure
from roost.services.audit import Action
from roost.services.signing_keys import SigningKeys
from roost.syntax import Did


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """Whose, and which, as a did:key."""

    did: Did
    signing_key: str


async def update_account_signing_key(signing_keys: SigningKeys, action: Action, input: Input) -> None:
    """Replace a signing key, in the DID document too. Raises UnknownAccount, InvalidRequest, UpstreamFailure."""
    await signing_keys.use(input.did, input.signing_key, action=action)


METHOD = Procedure("com.atproto.admin.updateAccountSigningKey", update_account_signing_key, auth=Auth.ADMIN)
