"""Signatures and chains as dkimpy reads them, each signature checked by `signed_mail`."""

from __future__ import annotations

import logging
import re
from typing import Any, cast

import dkim

from wipsie.kernel.limits import KIB
from wipsie.slices.mail.domain.mime.key_records import BadSignature
from wipsie.slices.mail.domain.mime.signed_mail import RawField, SignedMail, Tags

SIGNATURES_MAX = 10
"""Looked at, from the top."""
CHAIN_MAX = 50
"""Instances of ARC (RFC 8617, section 4.2.1)."""
SIGNATURE_BYTES_MAX = 16 * KIB
# The patterns dkimpy has for signatures take quadratic time for these.
_LONG_BLANK = re.compile(rb"\s{200}")
_BEST_FIRST = ("pass", "temperror", "policy", "fail", "permerror")
_SILENT = logging.Logger("signatures")  # noqa: LOG001 - in no tree: dkimpy logs each bad signature as an error
_SILENT.disabled = True


def check_dkim(mail: SignedMail, signatures: list[bytes]) -> list[tuple[str, bytes]]:
    """Result and domain of each of the values of DKIM-Signature, from the top. The domain is empty where it cannot be read."""
    results: list[tuple[str, bytes]] = []
    for index, signature in enumerate(signatures[:SIGNATURES_MAX]):
        checked = _Dkim(mail)
        result = "permerror"
        if not _is_too_much(signature):
            try:
                if cast("Any", checked).verify(index):
                    result = "pass"
            except BadSignature as bad:
                result = bad.result
            # dkimpy raises what a hostile field leads it to: its own errors, ValueError, IndexError, AssertionError.
            except Exception:
                result = "permerror"
        results.append((result, checked.signed_by))
    return results


def best_result(results: list[str]) -> str:
    """Of all signatures of a mail; none without one."""
    return min(results, key=_BEST_FIRST.index, default="none")


def check_chain(mail: SignedMail, chain: list[bytes]) -> str:
    """The result of a chain. `chain`: the values of its fields."""
    if not chain:
        return "none"
    if len(chain) > 3 * CHAIN_MAX or any(map(_is_too_much, chain)):
        return "fail"
    checked = _Chain(mail)
    try:
        state: bytes | None = cast("Any", checked).verify()[0]
    # As above.
    except Exception:
        return "fail"
    if state == dkim.CV_Pass:
        return "pass"
    return "temperror" if checked.is_uncertain else "fail"


def _is_too_much(signature: bytes) -> bool:
    return len(signature) > SIGNATURE_BYTES_MAX or _LONG_BLANK.search(signature) is not None


class _Dkim(dkim.DKIM):
    """dkimpy, with our own check of one signature."""

    def __init__(self, mail: SignedMail) -> None:
        cast("Any", super()).__init__(logger=_SILENT)
        self.headers = mail.fields
        self.signed_by = b""
        self._mail = mail

    def verify_sig(self, sig: Tags, include_headers: list[bytes], sig_header: RawField, dnsfunc: object) -> bool:
        self.signed_by = sig[b"d"]
        if b"from" not in include_headers:
            # RFC 6376, section 5.4.
            raise BadSignature("permerror")
        self._mail.check(sig, include_headers, sig_header)
        return True


class _Chain(dkim.ARC):
    """The same for the seals of a chain and the signatures under them."""

    def __init__(self, mail: SignedMail) -> None:
        cast("Any", super()).__init__(logger=_SILENT)
        self.headers = mail.fields
        self._mail = mail
        self.is_uncertain = False

    def verify_sig(self, sig: Tags, include_headers: list[bytes], sig_header: RawField, dnsfunc: object) -> bool:
        try:
            self._mail.check(sig, include_headers, sig_header)
        except BadSignature as bad:
            # All but the last signature may be bad: each hop may have changed the mail.
            self.is_uncertain = self.is_uncertain or bad.result == "temperror"
            return False
        return True
