"""app.bsky.actor.getPreferences: what the account has set in its apps."""

from collections.abc import Mapping, Sequence

import msgspec

from roost.api.method import TAKENDOWN, Auth, Query
from roost.services.caller import Caller
from roost.services.preferences import Preferences


class Output(msgspec.Struct, frozen=True):
    """The preferences, each with its `$type`, in the order in which they were put."""

    preferences: Sequence[Mapping[str, object]]


async def get_preferences(preferences: Preferences, caller: Caller) -> Output:
    """Return the caller's own."""
    return Output(await preferences.get(caller))


METHOD = Query("app.bsky.actor.getPreferences", get_preferences, auth=Auth.ACCESS, scopes=TAKENDOWN, relayed=True)
