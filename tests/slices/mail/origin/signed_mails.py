"""Mails with signatures of any domain, made by the means of dkimpy."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any, cast

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

MAIL = b"From: Ann <ann@example.org>\r\nSubject: s\r\n\r\ntext\r\n"


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_record() -> str:
    """What is published for every signature that `signed` makes."""
    public = _key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "v=DKIM1; p=" + base64.b64encode(public).decode()


def signed(domain: str, mail: bytes = MAIL) -> bytes:
    """The mail with a signature on top, selector ``one``."""
    pem = _key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    signature: bytes = cast("Any", dkim).sign(mail, b"one", domain.encode(), pem)
    return signature + mail
