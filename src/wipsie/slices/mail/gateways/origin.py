"""Checks where a mail comes from, by what DNS says, in a process of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wipsie.kernel.errors import ConfigurationError
from wipsie.kernel.limits import MIB
from wipsie.slices.mail.domain.origin.check import check_origin
from wipsie.slices.mail.domain.origin.client import Client
from wipsie.slices.mail.gateways.dns_records import DnsResolver
from wipsie.telemetry.logging import get_logger
from wipsie.workers.cpu_pool import CpuTaskCrashed

CHECK_S_MAX = 60.0
DNS_S_MAX = 25.0
"""All look-ups of one mail together. RFC 7208, section 4.6.4, wants 20 for SPF at least."""
CHECKED_BYTES_MAX = 64 * MIB

_log = get_logger(__name__)


class OriginCheck:
    """One per process of Wipsie."""

    def __init__(self, nameservers: Sequence[str] = ()) -> None:
        """`nameservers` as `DnsResolver` takes them."""
        self._nameservers = tuple(nameservers)

    async def __call__(
        self, path: Path, authors: Sequence[str], client: Client | None, run_cpu: Callable[..., Awaitable[Any]]
    ) -> Mapping[str, str]:
        """What spf, dkim, dmarc and arc say of the mail in a file, as `check_origin` does; temperror when the check did not
        come to its end."""
        try:
            return await run_cpu(_check, path, tuple(authors), client, self._nameservers, timeout_s=CHECK_S_MAX)
        except (TimeoutError, MemoryError, CpuTaskCrashed, ConfigurationError) as error:
            # A verdict is worth having, and not worth a mail.
            _log.warning("mail_origin_not_checked", error=str(error) or type(error).__name__)
            return dict.fromkeys(("dkim",) if client is None else ("spf", "dkim", "dmarc"), "temperror")


def _check(path: Path, authors: tuple[str, ...], client: Client | None, nameservers: tuple[str, ...]) -> dict[str, str]:
    content = path.read_bytes() if path.stat().st_size <= CHECKED_BYTES_MAX else None
    return check_origin(content, authors, client, DnsResolver(nameservers, total_s=DNS_S_MAX))
