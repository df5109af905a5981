"""All that we find out ourselves about the origin of one mail."""

from __future__ import annotations

from collections.abc import Sequence

from wipsie.slices.mail.domain.mime.signatures import check_signatures
from wipsie.slices.mail.domain.origin.client import Client
from wipsie.slices.mail.domain.origin.dmarc import (
    Evidence,
    author_domains,
    check_authors,
    is_aligned,
)
from wipsie.slices.mail.domain.origin.dmarc_policy import DmarcPolicy, NoPolicy, find_policy
from wipsie.slices.mail.domain.origin.domain_names import ascii_domain
from wipsie.slices.mail.domain.origin.lookups import Lookup, key_lookup
from wipsie.slices.mail.domain.origin.spf import check_spf


def check_origin(
    content: bytes | None, authors: Sequence[str], client: Client | None, lookup: Lookup
) -> dict[str, str]:
    """Results by method: spf, dkim, dmarc and arc, as far as they can be told. Raises nothing of its own.

    `content`: the mail, None for one that is too large to be checked; `authors`: the addresses in its From; `client`: who
    brought it, None when whoever sent it spoke to another server before it came to us.

    Without a client nothing is said of SPF, which may have passed at that server; without content as little of signatures.
    DMARC is then told only when it passes all the same. With both, a From that cannot be judged is a permerror: none would
    look like a domain that asks for nothing."""
    domains = author_domains(authors)
    is_complete = client is not None and content is not None
    # First: whatever the look-ups take that strangers' records lead to, what the author's domain asks for is known.
    policies = _policies(domains or (), lookup) if is_complete else {}
    found: dict[str, str] = {}
    evidence: list[Evidence] = []
    if client is not None:
        spf = check_spf(client, lookup)
        found["spf"] = spf.result
        evidence.append(Evidence(method="spf", result=spf.result, domain=spf.domain))
    if content is not None:
        checked = check_signatures(content, key_lookup(lookup))
        found |= {"dkim": checked.dkim, "arc": checked.arc}
        evidence += [
            Evidence(method="dkim", result=one.result, domain=ascii_domain(one.domain) or "")
            for one in checked.signatures
        ]
    if is_complete:
        found["dmarc"] = "permerror" if domains is None else check_authors(policies, evidence)
    elif domains is not None and _passes(domains, evidence, lookup):
        found["dmarc"] = "pass"
    return found


def _policies(domains: Sequence[str], lookup: Lookup) -> dict[str, DmarcPolicy | NoPolicy]:
    return {domain: find_policy(domain, lookup) for domain in domains}


def _passes(domains: Sequence[str], evidence: Sequence[Evidence], lookup: Lookup) -> bool:
    """Whether all domains of the authors pass. Asks for policies only when that may be."""
    passed = [one for one in evidence if one.result == "pass"]
    if not all(any(is_aligned(one, domain, DmarcPolicy()) for one in passed) for domain in domains):
        return False
    return check_authors(_policies(domains, lookup), passed) == "pass"
