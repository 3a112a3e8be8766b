"""app.bsky.actor.getPreferences: what the account has set in its apps."""

from collections.abc import Mapping, Sequence

import msgspec

from roost.api.method import TAKENDOWN, Auth, Query
from roost.services.caller import Caller, Service
from roost.services.errors import InvalidRequest
from roost.services.preferences import Preferences
from roost.syntax import Did


class Params(msgspec.Struct, frozen=True):
    """Whose, when moderators ask; an account is told its own, whatever this says."""

    did: Did | None = None


class Output(msgspec.Struct, frozen=True):
    """The preferences, each with its `$type`, in the order in which they were put."""

    preferences: Sequence[Mapping[str, object]]


async def get_preferences(preferences: Preferences, caller: Caller | Service, params: Params) -> Output:
    """Return the caller's own, or those of the account that moderators ask about. Raises InvalidRequest,
    UnknownAccount.
    """
    if isinstance(caller, Caller):
        return Output(await preferences.get(caller))
    if params.did is None:
        raise InvalidRequest("did must say whose preferences are asked for")
    return Output(await preferences.of(params.did))


METHOD = Query(
    "app.bsky.actor.getPreferences",
    get_preferences,
    auth=Auth.ACCESS_OR_MODERATOR,
    scopes=TAKENDOWN,
    relayed=True,
    undeclared=frozenset({"did"}),
)
