"""com.atproto.repo.importRepo: a whole repository, as a CAR, in the place of the caller's own."""

from collections.abc import AsyncIterator
from typing import Final

from roost.api.method import FULL, Auth, Procedure
from roost.services.arrivals import Arrivals
from roost.services.caller import Caller

UNBOUNDED: Final = 2**62
"""How large a repository may be is a setting, which the service knows."""


async def import_repo(arrivals: Arrivals, caller: Caller, input: AsyncIterator[bytes]) -> None:
    """Take the repository in. Raises what `Arrivals.receive` does."""
    await arrivals.receive(caller.account, input)


METHOD = Procedure("com.atproto.repo.importRepo", import_repo, auth=Auth.ACCESS, scopes=FULL, body_limit=UNBOUNDED)
