"""What the owner of a domain publishes about mails in its name: the policy of DMARC (RFC 7489, sections 6.3 and 6.6.3)."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from wipsie.slices.mail.domain.mime.key_records import DnsUnavailable
from wipsie.slices.mail.domain.origin.lookups import Lookup
from wipsie.slices.mail.domain.origin.organisations import organisation_of

POLICY_CHARACTERS_MAX = 10_000
_VERSION = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_REQUESTS = frozenset({"none", "quarantine", "reject"})
_REPORTS = re.compile(r"(?:^|,)[ \t]*[a-z][a-z0-9+.-]*:[^,\s]", re.IGNORECASE)


class DmarcPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What counts for the result. What should become of a mail that fails is not: that is for rules to say."""

    is_dkim_strict: bool = False
    """The domain that signed must be the author's, not only of the same organisation."""
    is_spf_strict: bool = False


NoPolicy = Literal["none", "temperror", "permerror"]


def find_policy(domain: str, lookup: Lookup) -> DmarcPolicy | NoPolicy:
    """Of an author's domain, or else of its organisation. none: there is no policy, or there are several, which is the same;
    temperror: DNS does not answer; permerror: the record is broken."""
    try:
        # Once, where both are the same.
        for name in dict.fromkeys((domain, organisation_of(domain))):
            found = [text for text in lookup(f"_dmarc.{name}", "TXT") or () if _VERSION.match(text)]
            if found:
                return _read(found[0]) if len(found) == 1 else "none"
    except DnsUnavailable:
        return "temperror"
    return "none"


def _read(record: str) -> DmarcPolicy | NoPolicy:
    if len(record) > POLICY_CHARACTERS_MAX:
        return "permerror"
    tags: dict[str, str] = {}
    for written in record.split(";"):
        name, equals, value = written.partition("=")
        if equals:
            tags.setdefault(name.strip().lower(), value.strip())
    requests = {tags.get("p", "").lower(), tags.get("sp", "none").lower()}
    # Who only wants reports, and writes the request wrong, still gets them: as if no request were there.
    if not requests <= _REQUESTS and _REPORTS.search(tags.get("rua", "")) is None:
        return "permerror"
    return DmarcPolicy(
        is_dkim_strict=tags.get("adkim", "").lower() == "s", is_spf_strict=tags.get("aspf", "").lower() == "s"
    )
