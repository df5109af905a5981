"""Records that tell where mails come from: texts, addresses, mail exchangers, names of addresses. Asks in the calling thread: for
processes that may wait."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wipsie.kernel.clock import Clock, SystemClock
from wipsie.kernel.errors import ConfigurationError
from wipsie.slices.mail.domain.mime.key_records import DnsUnavailable
from wipsie.slices.mail.domain.origin.lookups import RecordType

if TYPE_CHECKING:
    from dns.name import Name
    from dns.nameserver import Do53Nameserver

_TRIES = 3
_PORT = 53
_WITH_PORT = re.compile(r"(?:\[(?P<bracketed>[^\]]*)\]|(?P<host>[0-9.]*)):(?P<port>[0-9]{1,5})")


class DnsResolver:
    """Asks resolvers, and keeps their answers for as long as they say. Callable as `Lookup` wants it."""

    def __init__(
        self,
        nameservers: Sequence[str] = (),
        *,
        timeout_s: float = 5.0,
        total_s: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`nameservers`: addresses, with a port if it is not 53 (``192.0.2.1``, ``192.0.2.1:5300``, ``[2001:db8::1]:5300``);
        none for those of the system. `timeout_s`: for one name, whatever is tried. `total_s`: from now on, for all names
        together; None without a bound. ConfigurationError."""
        import dns.resolver

        try:
            self._resolver = dns.resolver.Resolver(configure=not nameservers)
        except dns.resolver.NoResolverConfiguration:
            raise ConfigurationError("This system names no DNS resolver; name one.") from None
        if nameservers:
            self._resolver.nameservers = [_nameserver(written) for written in nameservers]
        # Of one server, so that the next one has its turn.
        self._resolver.timeout = timeout_s / _TRIES
        self._resolver.cache = dns.resolver.LRUCache()
        self._timeout_s = timeout_s
        self._clock = clock or SystemClock()
        self._until_s = None if total_s is None else self._clock.monotonic() + total_s

    def __call__(self, name: str, record_type: RecordType, /) -> tuple[str, ...] | None:
        """The records of a name, as `Lookup` says: empty when it has none of this type, None when it does not exist or no such
        name can. DnsUnavailable when nobody answers, all refuse to, or `total_s` is over."""
        import dns.exception
        import dns.resolver

        try:
            answer = self._resolver.resolve(
                _name_of(name), record_type, search=False, lifetime=self._time_left_s(), raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            return None
        except (dns.resolver.LifetimeTimeout, dns.resolver.NoNameservers, OSError) as error:
            raise DnsUnavailable(str(error)) from None
        except (dns.exception.DNSException, UnicodeError):
            # Labels that are too long, empty or no text.
            return None
        if answer.rrset is None:
            return ()
        records: list[Any] = list(answer.rrset)
        if record_type == "MX":
            records.sort(key=lambda record: (record.preference, record.exchange))
        # An answer has 64 kB at most, and so has what is made of it.
        return tuple(_text_of(record, record_type) for record in records)

    def _time_left_s(self) -> float:
        if self._until_s is None:
            return self._timeout_s
        left_s = self._until_s - self._clock.monotonic()
        if left_s <= 0:
            raise DnsUnavailable("All the time there was for DNS is over.")
        return min(self._timeout_s, left_s)


def _name_of(written: str) -> Name:
    """Label by label: in the text form of names some characters mean something else."""
    from dns.name import Name

    return Name([*(label.encode("ascii") for label in written.split(".")), b""])


def _host_text(name: Name) -> str:
    return name.to_text().lower().removesuffix(".")


def _text_of(record: Any, record_type: RecordType) -> str:
    if record_type == "TXT":
        return b"".join(record.strings).decode("latin-1")
    if record_type == "MX":
        return _host_text(record.exchange)
    return _host_text(record.target) if record_type == "PTR" else record.address


def _nameserver(written: str) -> Do53Nameserver:
    from dns.nameserver import Do53Nameserver

    match = _WITH_PORT.fullmatch(written)
    try:
        host = ipaddress.ip_address(match["bracketed"] or match["host"] if match else written)
        port = int(match["port"]) if match else _PORT
    except ValueError:
        host, port = None, 0
    if host is None or not 0 < port < 2**16:
        raise ConfigurationError(f"'{written}' is no address of a DNS server, such as 192.0.2.1 or 192.0.2.1:53.")
    return Do53Nameserver(str(host), port)
