"""Repositories as values: operations on a tree of blocks become a signed commit, and anybody's repository can be
judged.

Everything is a pure function of its arguments: no input or output, no clock, no randomness. What this package does not
know: where blocks are stored, which account a repository belongs to, what a record means.
"""

from roost.repo.commit import Commit
from roost.repo.draft import Base, CommitDraft, draft, nothing
from roost.repo.errors import (
    CrowdedNode,
    InvalidCommit,
    InvalidNode,
    InvalidPath,
    KeyExists,
    KeyMissing,
    MissingBlock,
    RepoError,
)
from roost.repo.ops import MAX_OPS, AppliedOp, Create, Delete, RepoOp, Update, parse_path, path_of
from roost.repo.verify import Report, inspect

__all__ = [
    "MAX_OPS",
    "AppliedOp",
    "Base",
    "Commit",
    "CommitDraft",
    "Create",
    "CrowdedNode",
    "Delete",
    "InvalidCommit",
    "InvalidNode",
    "InvalidPath",
    "KeyExists",
    "KeyMissing",
    "MissingBlock",
    "RepoError",
    "RepoOp",
    "Report",
    "Update",
    "draft",
    "inspect",
    "nothing",
    "parse_path",
    "path_of",
]
