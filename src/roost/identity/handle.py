"""Which handles accounts here may have: top-level domains, one label under a service domain, reserved words (7.4).

Judges a handle by its text. Whether it is taken, or resolves to its owner, others know.
"""

from __future__ import annotations

from collections.abc import Iterable

from roost.identity.errors import (
    DisallowedTld,
    HandleTooLong,
    HandleTooShort,
    InvalidHandleLabel,
    ReservedHandle,
    UnsupportedDomain,
)
from roost.identity.reserved import RESERVED_WORDS
from roost.syntax import Handle

# Domains that are nobody's or mean something else on every network. `.test` is kept for development networks.
DISALLOWED_TLDS = frozenset({"local", "arpa", "invalid", "localhost", "internal", "example", "alt", "onion"})

# What stands in front of the service domain: the reference server's bounds.
MIN_LABEL_CHARS = 3
MAX_LABEL_CHARS = 18


def service_domain_of(handle: Handle, domains: Iterable[str]) -> str | None:
    """Return the service domain the handle is under, None for somebody's own domain.

    Domains may be written with or without their leading dot. Of two that fit, the longer is meant: with both
    `example.com` and `users.example.com`, `alice.users.example.com` is one label under the second.
    """
    plain = (domain.lower().lstrip(".") for domain in domains)
    return max((domain for domain in plain if handle.endswith(f".{domain}")), key=len, default=None)


def check_tld(handle: Handle) -> None:
    """Refuse a handle that nobody could resolve; raises DisallowedTld."""
    if handle.tld in DISALLOWED_TLDS:
        raise DisallowedTld


def check_label(handle: Handle, domain: str, *, reserved_too: bool = False) -> None:
    """Judge what stands in front of a service domain; administrators may give out reserved words too.

    Raises InvalidHandleLabel, HandleTooShort, HandleTooLong or ReservedHandle.
    """
    label = handle.removesuffix("." + domain.lower().lstrip("."))
    if "." in label:
        raise InvalidHandleLabel
    if len(label) < MIN_LABEL_CHARS:
        raise HandleTooShort
    if len(label) > MAX_LABEL_CHARS:
        raise HandleTooLong
    if not reserved_too and label in RESERVED_WORDS:
        raise ReservedHandle


def check_local(handle: Handle, domains: Iterable[str], *, reserved_too: bool = False) -> str:
    """Judge a handle this server is asked to give out; returns its service domain. Raises a HandleRefused (7.4)."""
    check_tld(handle)
    domain = service_domain_of(handle, domains)
    if domain is None:
        raise UnsupportedDomain
    check_label(handle, domain, reserved_too=reserved_too)
    return domain
