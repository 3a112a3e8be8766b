"""The front page: what this server is, for somebody who typed its address into a browser."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from roost.services.accounts import Accounts
from roost.services.policy import Policy
from roost.web.page import page


def home(accounts: Accounts, policy: Policy, *, version: str) -> Route:
    """Make the route of `/`."""

    async def show(_request: Request) -> Response:
        return page("home.html", policy=policy, accounts=await accounts.count(), version=version)

    return Route("/", show)
