"""A server of DNS on the loopback interface, for what asks over the network."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[str, Mapping[str, Sequence[str]]]
"""Name, with a dot at the end, to type to records in the form of zone files."""


class NameServer:
    """Answers over UDP from a zone, or does not. What is not in the zone does not exist."""

    def __init__(self, zone: Zone, *, silent: Sequence[str] = (), broken: Sequence[str] = ()) -> None:
        """`silent`: names that get no answer; `broken`: names that get a failure."""
        self._zone = zone
        self._silent = frozenset(silent)
        self._broken = frozenset(broken)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.asked: list[tuple[str, str]] = []
        """Name and type, in turn."""
        self._thread = threading.Thread(target=self._serve, name="name-server")
        self._thread.start()

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            wire, client = self._socket.recvfrom(4_096)
            if not wire:
                return
            query = dns.message.from_wire(wire)
            name = query.question[0].name.to_text()
            record_type = dns.rdatatype.to_text(query.question[0].rdtype)
            self.asked.append((name, record_type))
            if name in self._silent:
                continue
            response = dns.message.make_response(query)
            response.flags |= dns.flags.RA
            if name in self._broken:
                response.set_rcode(dns.rcode.SERVFAIL)
            elif name not in self._zone:
                response.set_rcode(dns.rcode.NXDOMAIN)
            elif records := self._zone[name].get(record_type):
                response.answer.append(dns.rrset.from_text(name, 60, "IN", record_type, *records))
            self._socket.sendto(response.to_wire(), client)
