"""Which domains belong to one organisation (RFC 7489, section 3.2)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


def organisation_of(domain: str) -> str:
    """The domain that somebody registered, by the public suffix list: ``example.co.uk`` for ``mail.example.co.uk``. A public
    suffix stands for itself. In the one form of `domain_names`."""
    return _suffixes().privatesuffix(domain) or domain


@cache
def _suffixes() -> PublicSuffixList:
    # The list comes with the library: reading it takes a twentieth of a second, and no network.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
