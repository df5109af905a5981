"""Checks of the certificate for STARTTLS: there, readable, of its key, and good for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from wipsie.app.doctor.finding import FAIL, OK, WARN, Finding
from wipsie.kernel.clock import SystemClock, utc_datetime
from wipsie.kernel.durations import format_duration

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
    from cryptography.x509 import Certificate

_CHECK = "starttls"
_SOON = timedelta(days=14)
_LAST_SHARE = 3
"""Certificates of a few days are renewed in the last third of their time."""


class _Unusable(Exception):
    def __init__(self, detail: str, advice: str) -> None:
        super().__init__(detail)
        self.finding = Finding(_CHECK, FAIL, detail, advice)


def check_certificate(certificate_path: Path | None, key_path: Path | None) -> list[Finding]:
    """What is wrong with the files that MAIL_TLS_CERTIFICATE and MAIL_TLS_KEY name, or until when they are good; nothing when there
    are none. Blocks."""
    if certificate_path is None and key_path is None:
        return []
    if certificate_path is None or key_path is None:
        detail = "only one of MAIL_TLS_CERTIFICATE and MAIL_TLS_KEY is set"
        return [Finding(_CHECK, FAIL, detail, "Set both, or none.")]
    try:
        chain = _read_certificates(certificate_path)
        key = _read_key(key_path)
        _check_pair(chain, certificate_path, key, key_path)
    except _Unusable as error:
        return [error.finding]
    return [_check_time(chain[0], certificate_path, utc_datetime(SystemClock.now_ms()))]


def _read(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise _Unusable(f"{path} is not there", f"Set {setting} to the path of a PEM file.") from None
    except OSError as error:
        advice = f"Let the user that runs Wipsie read it, or set {setting} to another file."
        raise _Unusable(f"{path} cannot be read: {error.strerror or error}", advice) from None


def _read_certificates(path: Path) -> list[Certificate]:
    from cryptography import x509

    content = _read(path, "MAIL_TLS_CERTIFICATE")
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise _Unusable(
            f"{path} holds no certificate in PEM", "Set MAIL_TLS_CERTIFICATE to the file that has it."
        ) from None


def _read_key(path: Path) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = _read(path, "MAIL_TLS_KEY")
    try:
        return load_pem_private_key(content, password=None)
    except TypeError:
        advice = "Write it without one, readable for nobody else: nobody is there to type it when Wipsie starts."
        raise _Unusable(f"{path} is locked with a password", advice) from None
    except (ValueError, UnsupportedAlgorithm):
        raise _Unusable(f"{path} holds no private key in PEM", "Set MAIL_TLS_KEY to the file that has it.") from None


def _check_pair(chain: list[Certificate], certificate_path: Path, key: PrivateKeyTypes, key_path: Path) -> None:
    wanted = _public_bytes(key.public_key())
    own = [_public_bytes(one.public_key()) == wanted for one in chain]
    if own[0]:
        return
    if any(own):
        advice = "Write the certificate of the key first, then those that sign it."
        raise _Unusable(f"{certificate_path} begins with another certificate than that of {key_path}", advice)
    advice = "Set MAIL_TLS_CERTIFICATE and MAIL_TLS_KEY to files that were made together."
    raise _Unusable(f"{certificate_path} and {key_path} do not belong together", advice)


def _public_bytes(key: PublicKeyTypes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _check_time(certificate: Certificate, path: Path, now: datetime) -> Finding:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    renew = "Renew it, and start Wipsie again: it is read at the start."
    if now < begins:
        return Finding(_CHECK, FAIL, f"{path} is good from {begins:%Y-%m-%d %H:%M} UTC on only", "Look at the clock.")
    if now >= ends:
        return Finding(_CHECK, FAIL, f"{path} has expired on {ends:%Y-%m-%d %H:%M} UTC", renew)
    left = ends - now
    detail = f"{path} is good until {ends:%Y-%m-%d %H:%M} UTC, for {format_duration(left.total_seconds())}"
    if left < min(_SOON, (ends - begins) / _LAST_SHARE):
        return Finding(_CHECK, WARN, detail, renew)
    return Finding(_CHECK, OK, detail)
