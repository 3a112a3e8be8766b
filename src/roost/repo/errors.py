"""What can be wrong with a repository, by name.

RepoError
├── InvalidPath        a record path is not `collection/rkey`
├── InvalidNode        a block is not a canonical node of the tree
├── InvalidCommit      a block is not a version 3 commit, or its signature is not its owner's
├── MissingBlock       a block that the tree links to is not there
├── CrowdedNode        more keys were laid into one node than chance ever would
├── KeyExists          an insertion found its key in the tree
├── KeyMissing         an update or a deletion did not
└── BrokenStore        what is stored of a repository does not fit together
"""

from roost.data.cid import Cid


class RepoError(ValueError):
    """A repository, or an operation on one, breaks the rules of the repository specification."""


class InvalidPath(RepoError):
    """The path is not a collection and a record key with one slash between them."""


class InvalidNode(RepoError):
    """The bytes are not the one canonical encoding of a node at its place in the tree."""


class InvalidCommit(RepoError):
    """The commit object is malformed, for another repository, or not signed by its owner's key."""


class MissingBlock(RepoError):
    """The tree links to a block that was not given."""

    def __init__(self, cid: Cid) -> None:
        super().__init__(f"block {cid} is missing")
        self.cid = cid


class CrowdedNode(RepoError):
    """A node would hold more entries than any that chance makes: keys were chosen for their hashes."""

    def __init__(self, key: bytes) -> None:
        super().__init__(f"too many keys stand beside {key.decode(errors='replace')} in one node of the tree")
        self.key = key


class KeyExists(RepoError):
    """The key to insert is in the tree already."""

    def __init__(self, key: bytes) -> None:
        super().__init__(f"{key.decode(errors='replace')} exists already")
        self.key = key


class KeyMissing(RepoError):
    """The key to update or delete is not in the tree."""

    def __init__(self, key: bytes) -> None:
        super().__init__(f"{key.decode(errors='replace')} does not exist")
        self.key = key


class BrokenStore(RepoError):
    """The nodes and records that a store keeps of a repository do not fit together: the store is damaged."""
