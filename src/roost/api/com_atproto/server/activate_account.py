"""com.atproto.server.activateAccount: serve the caller's repository, once the DID leads here."""

from roost.api.method import FULL, Auth, Procedure
from roost.services.activation import Activation
from roost.services.caller import Caller


async def activate_account(activation: Activation, caller: Caller) -> None:
    """Activate the caller's account. Raises InvalidRequest saying what is wrong with its DID document, UnknownAccount,
    UpstreamFailure.
    """
    await activation.activate(caller.account)


METHOD = Procedure("com.atproto.server.activateAccount", activate_account, auth=Auth.ACCESS, scopes=FULL)
