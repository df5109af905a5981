"""Checks the signatures of a mail itself: DKIM (RFC 6376, RFC 8463) and the chain of ARC (RFC 8617).

dkimpy reads and judges the fields. What costs time or trusts a stranger is done here: the mail is taken apart once, in linear
time; a body is hashed once for all signatures; keys have bounds before anything is computed with them; the arithmetic is
that of `cryptography`, which knows Ed25519 as well. Keys come from a function, so there is no network here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from wipsie.kernel.limits import MIB
from wipsie.slices.mail.domain.mime.defects import Defects
from wipsie.slices.mail.domain.mime.header import read_header

SIGNED_HEADER_BYTES_MAX = MIB
SIGNED_FIELDS_MAX = 1_000
_FOLD = re.compile(rb"\r?\n")
_CHAIN = frozenset({b"arc-seal", b"arc-message-signature", b"arc-authentication-results"})


class CheckedSignature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature of DKIM."""

    result: str
    domain: str
    """Who signed (d=), as written; empty when that cannot be read."""


class CheckedSignatures(msgspec.Struct, frozen=True, kw_only=True):
    """What is found in one mail."""

    dkim: str
    """The best result of all signatures."""
    arc: str
    signatures: tuple[CheckedSignature, ...] = ()
    """From the top, as far as they were looked at."""


def check_signatures(content: bytes, dns_txt: Callable[[bytes], bytes | None]) -> CheckedSignatures:
    """The results of DKIM and ARC for the bytes of a mail. Raises nothing of its own.

    `dns_txt`: the TXT record of a name that ends in a dot, None without one, DnsUnavailable without an answer.

    - dkim: none; pass, when one signature is good, whoever signed; temperror, when a key could not be looked up; policy for
      keys of less than 1024 bits and for signatures that leave the end of the body open; fail for what was changed on the
      way; permerror for what can never be good.
    - arc: none; pass, when the whole chain is good; temperror; fail.
    """
    defects = Defects()
    header, start = read_header(
        content, 0, len(content), defects, bytes_max=SIGNED_HEADER_BYTES_MAX, fields_max=SIGNED_FIELDS_MAX
    )
    fields = [(field.name, _FOLD.sub(b"\r\n", field.value) + b"\r\n") for field in header.fields]
    signatures = [value for name, value in fields if name.lower() == b"dkim-signature"]
    chain = [value for name, value in fields if name.lower() in _CHAIN]
    if defects.is_truncated:
        # Signatures, and what they cover, may lie beyond the bound.
        return CheckedSignatures(dkim="permerror", arc="fail")
    if not signatures and not chain:
        return CheckedSignatures(dkim="none", arc="none")
    from wipsie.slices.mail.domain.mime.dkimpy_checks import best_result, check_chain, check_dkim
    from wipsie.slices.mail.domain.mime.signed_mail import SignedMail

    mail = SignedMail(fields, content[start:], dns_txt)
    checked = tuple(
        CheckedSignature(result=result, domain=domain.decode("utf-8", errors="replace"))
        for result, domain in check_dkim(mail, signatures)
    )
    return CheckedSignatures(
        dkim=best_result([one.result for one in checked]), arc=check_chain(mail, chain), signatures=checked
    )
