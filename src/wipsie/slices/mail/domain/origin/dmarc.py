"""Did the domain of the author send this mail? DMARC (RFC 7489), from what SPF and DKIM found.

A mail passes when something that passed is in the name of its author: the client by SPF, or a signature by DKIM.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from wipsie.slices.mail.domain.mime.parsed import AUTHORS_MAX
from wipsie.slices.mail.domain.origin.dmarc_policy import DmarcPolicy, NoPolicy
from wipsie.slices.mail.domain.origin.domain_names import ascii_domain
from wipsie.slices.mail.domain.origin.organisations import organisation_of

AUTHOR_DOMAINS_MAX = 3

DmarcResult = Literal["pass", "fail", "none", "temperror", "permerror"]
_WORST_FIRST: tuple[DmarcResult, ...] = ("fail", "permerror", "temperror", "none", "pass")


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was checked."""

    method: Literal["spf", "dkim"]
    result: str
    domain: str
    """In whose name; empty when that could not be read."""


def author_domains(authors: Sequence[str]) -> tuple[str, ...] | None:
    """The domains of the addresses in From. None when they cannot be judged: there is none, one of them is no domain, or there
    are too many."""
    domains = {ascii_domain(author.rpartition("@")[2]) for author in authors}
    if not domains or len(domains) > AUTHOR_DOMAINS_MAX or len(authors) >= AUTHORS_MAX:
        return None
    known = tuple(sorted(domain for domain in domains if domain is not None))
    return known if len(known) == len(domains) else None


def check_authors(policies: Mapping[str, DmarcPolicy | NoPolicy], evidence: Sequence[Evidence]) -> DmarcResult:
    """By the policy of each domain in From. Of several results it is the one to be careful about (RFC 7489, section 6.6.1)."""
    results: list[DmarcResult] = [_check_author(domain, policy, evidence) for domain, policy in policies.items()]
    return min(results, key=_WORST_FIRST.index)


def is_aligned(evidence: Evidence, domain: str, policy: DmarcPolicy) -> bool:
    """Whether something that was checked is in the name of an author's domain (RFC 7489, section 3.1)."""
    if evidence.domain == domain:
        return True
    is_strict = policy.is_spf_strict if evidence.method == "spf" else policy.is_dkim_strict
    return not is_strict and organisation_of(evidence.domain) == organisation_of(domain)


def _check_author(domain: str, policy: DmarcPolicy | NoPolicy, evidence: Sequence[Evidence]) -> DmarcResult:
    if not isinstance(policy, DmarcPolicy):
        return policy
    results = {one.result for one in evidence if is_aligned(one, domain, policy)}
    if "pass" in results:
        return "pass"
    # What would have to pass could not be checked for now.
    return "temperror" if "temperror" in results else "fail"
