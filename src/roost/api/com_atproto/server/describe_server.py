"""com.atproto.server.describeServer: what somebody needs to know before signing up."""

import msgspec

from roost.api.method import Query
from roost.services.policy import Policy
from roost.syntax import Did


class Links(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Where the operator's rules are."""

    privacy_policy: str | None = None
    terms_of_service: str | None = None


class Contact(msgspec.Struct, frozen=True, omit_defaults=True):
    """How to reach the operator."""

    email: str | None = None


class Output(msgspec.Struct, frozen=True, rename="camel"):
    """The server's name, the domains it gives handles under (each with its leading dot), whether invites are needed,
    and how many bytes a blob may have.
    """

    did: Did
    available_user_domains: list[str]
    invite_code_required: bool
    blob_upload_limit: int
    links: Links
    contact: Contact


async def describe_server(policy: Policy) -> Output:
    """Describe this server."""
    domains = [f".{domain}" for domain in policy.domains]
    links = Links(policy.privacy_policy, policy.terms_of_service)
    return Output(policy.did, domains, policy.invite_required, policy.blob_limit, links, Contact(policy.contact_email))


METHOD = Query("com.atproto.server.describeServer", describe_server)
