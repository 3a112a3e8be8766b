"""app.bsky.actor.putPreferences: replace what the account has set in its apps."""

from collections.abc import Sequence

import msgspec

from roost.api.method import Auth, Procedure, Record
from roost.services.caller import Caller
from roost.services.preferences import Preferences


class Input(msgspec.Struct, frozen=True):
    """All of them: what is not here is gone."""

    preferences: Sequence[Record]


async def put_preferences(preferences: Preferences, caller: Caller, input: Input) -> None:
    """Replace the caller's own. Raises InvalidRequest, AccountTakedown, AccountNotFound."""
    await preferences.put(caller, input.preferences)


METHOD = Procedure("app.bsky.actor.putPreferences", put_preferences, auth=Auth.ACCESS, relayed=True)
