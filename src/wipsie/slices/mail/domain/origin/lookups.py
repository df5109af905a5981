"""Records of DNS, as those who ask for them see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from wipsie.slices.mail.domain.origin.domain_names import ascii_domain

RecordType = Literal["A", "AAAA", "MX", "PTR", "TXT"]


class Lookup(Protocol):
    """Asks DNS."""

    def __call__(self, name: str, record_type: RecordType, /) -> tuple[str, ...] | None:
        """The records of a name, empty when it has none of this type; None when the name does not exist, or none such can.

        Addresses as text; the hosts of MX in their order and the names of PTR, in small letters and without a dot at the end;
        TXT with its strings joined, each byte the character of the same number. DnsUnavailable when nobody answers in time."""
        ...


def key_lookup(lookup: Lookup) -> Callable[[bytes], bytes | None]:
    """The text of a name, as `check_signatures` wants it: where there are several, the one that says it is a key."""

    def text_of(name: bytes) -> bytes | None:
        try:
            written: str | None = name.decode("utf-8").removesuffix(".")
        except UnicodeDecodeError:
            return None
        if written and not written.isascii():
            # As the domain of the signature is compared, or a key of one name could speak for another.
            written = ascii_domain(written)
        texts = lookup(written, "TXT") if written else None
        found = next((text for text in texts or () if text.startswith("v=DKIM1")), texts[0] if texts else None)
        return None if found is None else found.encode("latin-1")

    return text_of
