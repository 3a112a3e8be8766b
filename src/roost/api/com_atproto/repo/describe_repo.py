"""com.atproto.repo.describeRepo: whose repository it is, and which collections it has."""

import msgspec

from roost.api.method import Query
from roost.services.identity import Identity
from roost.services.reading import Reading
from roost.syntax import AtIdentifier, Did, Handle


class Params(msgspec.Struct, frozen=True):
    """Which repository."""

    repo: AtIdentifier


class Output(msgspec.Struct, frozen=True, rename="camel"):
    """The account's names, its DID document as found now, and its collections, sorted."""

    handle: Handle
    did: Did
    did_doc: object
    collections: list[str]
    handle_is_correct: bool


async def describe_repo(reading: Reading, identity: Identity, params: Params) -> Output:
    """Describe a repository. Raises RepoNotFound and its kin, InvalidRequest if its DID cannot be resolved."""
    contents = await reading.contents(params.repo)
    document = await identity.document(contents.did)
    correct = await identity.handle_is_correct(contents.handle, document)
    return Output(contents.handle, contents.did, document.raw, contents.collections, correct)


METHOD = Query("com.atproto.repo.describeRepo", describe_repo)
