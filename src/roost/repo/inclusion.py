"""Reading one record out of somebody's proof: commit, the nodes on the way to it, the record (spec section 15.6).

What is proved is that whoever has the key signed a repository with this record in it; not that it is the last one. That
each block is the one its CID names has been checked where the CAR was read.
"""

from collections.abc import Mapping

from roost.crypto.keys import PublicKey
from roost.data.cid import Cid
from roost.repo import mst
from roost.repo.commit import parse, verify
from roost.repo.errors import InvalidCommit, MissingBlock
from roost.repo.proof import partial_tree
from roost.syntax import Did


def proved(root: Cid, blocks: Mapping[Cid, bytes], *, did: Did, key: PublicKey, path: str) -> tuple[Cid, bytes] | None:
    """Return the CID and the block of the record at a path, None where it is proved that there is none.

    Raises InvalidCommit, also for another's commit; InvalidNode; MissingBlock when the proof has a gap.
    """
    if root not in blocks:
        raise MissingBlock(root)
    commit = parse(blocks[root])
    if commit.did != did:
        raise InvalidCommit(f"the commit is of {commit.did}, not of {did}")
    verify(commit, key)
    cid = mst.find(partial_tree(commit.data, blocks), path.encode())
    if cid is None:
        return None
    if cid not in blocks:
        raise MissingBlock(cid)
    return cid, blocks[cid]
