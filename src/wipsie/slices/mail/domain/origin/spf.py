"""May this client send for that domain? SPF (RFC 7208), by a function that asks DNS.

record of the domain ─► mechanisms, in turn ─► the first that matches says the result
      ▲                       │ none
      └────── redirect ◄──────┴─────────────► neutral

Whatever records say, at most `LOOKUP_TERMS_MAX` of their terms ask DNS, each for at most one name and `HOSTS_MAX` that follow
from it; so loops and records within records end, too.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import msgspec

from wipsie.slices.mail.domain.mime.key_records import DnsUnavailable
from wipsie.slices.mail.domain.origin.client import Client
from wipsie.slices.mail.domain.origin.domain_names import is_at_or_below, is_dns_name
from wipsie.slices.mail.domain.origin.lookups import Lookup, RecordType
from wipsie.slices.mail.domain.origin.spf_macros import BadRecord, MacroText, expand_domain
from wipsie.slices.mail.domain.origin.spf_record import Mechanism, SpfRecord, SpfResult, find_spf
from wipsie.slices.mail.domain.origin.spf_values import SpfValues

LOOKUP_TERMS_MAX = 10
VOID_LOOKUPS_MAX = 2
"""Terms whose own name has nothing. That a host of a mail exchanger has no address of the client's kind is usual, that the
client's address has no name is not the record's doing: neither counts."""
HOSTS_MAX = 10
"""Of one mail exchanger."""


class SpfCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What SPF says."""

    result: SpfResult
    domain: str
    """Whose record was asked: of the sender, or of a bounce the name of the client. Empty when that is no domain."""


def check_spf(client: Client, lookup: Lookup) -> SpfCheck:
    """Whether a client may send for the sender it names. Raises nothing of its own.

    temperror, when DNS does not answer; permerror for records that break the rules or ask for too much; none without a
    record, and for senders that have no domain."""
    values = SpfValues(client, lookup)
    domain = values.sender_domain
    if "." not in domain:
        return SpfCheck(result="none", domain=domain)
    try:
        result = _Evaluation(values, lookup).result(domain)
    except DnsUnavailable:
        result = "temperror"
    except BadRecord:
        result = "permerror"
    return SpfCheck(result=result, domain=domain)


class _Evaluation:
    """Counts over all records of one check."""

    def __init__(self, values: SpfValues, lookup: Lookup) -> None:
        self._values = values
        self._lookup = lookup
        self._terms = 0
        self._void_lookups = 0

    def result(self, domain: str) -> SpfResult:
        """By the record of a domain (RFC 7208, section 4). BadRecord, DnsUnavailable."""
        record = find_spf(self._lookup(domain, "TXT") or ())
        if record is None:
            return "none"
        for mechanism in record.mechanisms:
            if self._matches(mechanism, domain):
                return mechanism.result
        return self._redirected(record, domain)

    def _redirected(self, record: SpfRecord, domain: str) -> SpfResult:
        if record.redirect is None:
            return "neutral"
        self._count_term()
        return self._result_of_another(self._expanded(record.redirect, domain))

    def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        if mechanism.name == "all":
            return True
        if mechanism.network is not None:
            return self._values.address in mechanism.network
        self._count_term()
        target = domain if mechanism.domain is None else self._expanded(mechanism.domain, domain)
        if mechanism.name == "include":
            return self._result_of_another(target) == "pass"
        if not is_dns_name(target):
            return False
        if mechanism.name == "ptr":
            return any(is_at_or_below(name, target) for name in self._values.names)
        if mechanism.name == "exists":
            return bool(self._found(target, "A"))
        if mechanism.name == "a":
            return self._is_among(self._found(target, self._values.address_type), mechanism)
        return self._is_exchanger(self._found(target, "MX"), mechanism)

    def _is_exchanger(self, hosts: tuple[str, ...], mechanism: Mechanism) -> bool:
        for host in hosts[:HOSTS_MAX]:
            if self._is_among(self._lookup(host, self._values.address_type) or (), mechanism):
                return True
        if len(hosts) > HOSTS_MAX:
            raise BadRecord("A mail exchanger has too many hosts.")
        return False

    def _is_among(self, addresses: tuple[str, ...], mechanism: Mechanism) -> bool:
        client = self._values.address
        network = ip_network((client, mechanism.bits4 if client.version == 4 else mechanism.bits6), strict=False)
        return any(ip_address(address) in network for address in addresses)

    def _result_of_another(self, domain: str) -> SpfResult:
        """By the record of another domain, which must have one (RFC 7208, sections 5.2 and 6.1)."""
        result = self.result(domain) if is_dns_name(domain) else "none"
        if result == "none":
            raise BadRecord(f"{domain[:50]} has no record.")
        return result

    def _expanded(self, written: MacroText, domain: str) -> str:
        return expand_domain(written, lambda letter: self._values.value(letter, domain))

    def _found(self, name: str, record_type: RecordType) -> tuple[str, ...]:
        found = self._lookup(name, record_type) or ()
        if not found:
            self._void_lookups += 1
            if self._void_lookups > VOID_LOOKUPS_MAX:
                raise BadRecord("The record asks for too much that does not exist.")
        return found

    def _count_term(self) -> None:
        self._terms += 1
        if self._terms > LOOKUP_TERMS_MAX:
            raise BadRecord("The record asks for too much.")
