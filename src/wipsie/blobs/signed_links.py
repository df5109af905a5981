"""Links that open one object for a while, and that nobody but this installation can make.

    link  =  base64url( version (1) ‖ key id (8) ‖ HMAC-SHA-256 (32) ‖ fields (MessagePack) )

The HMAC covers everything else. A link that is genuine and in time says what it was made for, and no more: whether it was revoked, how
often it was opened, and who is told, is in the row its maker keeps under the nonce.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Annotated

import msgspec

from wipsie.kernel.errors import ConfigurationError, Forbidden, InvalidInput

LINK_S_MAX = 7 * 24 * 3600
"""No link is good for longer, and none for ever."""
LINK_CHARACTERS_MAX = 600
"""More than the longest fields make."""
ID_CHARACTERS_MAX = 128
PURPOSE_CHARACTERS_MAX = 32
NONCE_BYTES = 16
_VERSION = 1
_KEY_BYTES_MIN = 32
_KEY_ID_BYTES = 8
_SEAL_BYTES = 32
_SEAL_AT = 1 + _KEY_ID_BYTES
_FIELDS_AT = _SEAL_AT + _SEAL_BYTES
_KEY_ID = b"wipsie signed link key id"
_LINK = b"wipsie signed link\0"

# ASCII without spaces: nothing in a link is a name.
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_CHARACTERS_MAX, pattern=r"^[!-~]+\Z")]


class LinkFault(StrEnum):
    """Why a link is refused."""

    EXPIRED = "expired"
    ALTERED = "altered"
    """It was never made here, was changed, or is for another purpose."""
    UNKNOWN_KEY = "unknown_key"
    """It was made with a key that is not held, or not any more."""


class LinkRefused(Forbidden):
    """The link opens nothing. Its message tells a visitor no more than they may know; `reason` is for the audit log."""

    def __init__(self, reason: LinkFault) -> None:
        over = reason is LinkFault.EXPIRED
        super().__init__(f"This link {'has expired' if over else 'is not valid'}; ask for a new one.")
        self.reason = reason


class SignedLink(msgspec.Struct, frozen=True, array_like=True):
    """What a link says. It can be read by whoever has it: ids in it must say nothing of people."""

    object_id: _Id
    owner_id: _Id
    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=PURPOSE_CHARACTERS_MAX, pattern=r"^[!-~]+\Z")]
    expires_at_ms: int
    """It is good until then, and not at that moment."""
    nonce: Annotated[bytes, msgspec.Meta(min_length=NONCE_BYTES, max_length=NONCE_BYTES)]
    """Tells apart links to one object; the caller's row has it."""


_decoder = msgspec.msgpack.Decoder(SignedLink)


class LinkSigner:
    """Makes and checks links. Immutable; may be shared by threads."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """The first signs, the others still check what they signed. ConfigurationError when there is none or one is shorter than 32
        bytes."""
        if not keys or any(len(key) < _KEY_BYTES_MIN for key in keys):
            raise ConfigurationError(f"Keys for signed links have at least {_KEY_BYTES_MIN} random bytes.")
        self._keys = {_key_id(key): key for key in keys}
        self._active = _key_id(keys[0])

    def sign(
        self, *, object_id: str, owner_id: str, purpose: str, now_ms: int, lifetime_s: float
    ) -> tuple[str, SignedLink]:
        """The link as text for a URL (letters, digits, `-` and `_`), and what it says. InvalidInput when a field is empty or too long,
        or it would be good for more than `LINK_S_MAX` or for no time."""
        if not 0 < lifetime_s <= LINK_S_MAX:
            raise InvalidInput(f"A link is good for some time, and for {LINK_S_MAX} s at most.")
        link = SignedLink(
            object_id, owner_id, purpose, now_ms + round(lifetime_s * 1000), secrets.token_bytes(NONCE_BYTES)
        )
        try:
            fields = msgspec.msgpack.encode(link)
            # What cannot be read again is not given out.
            _decoder.decode(fields)
        except (msgspec.ValidationError, UnicodeEncodeError):
            raise InvalidInput(
                f"The ids of a link have 1 to {ID_CHARACTERS_MAX} characters of ASCII without spaces, its purpose 1 to "
                f"{PURPOSE_CHARACTERS_MAX}."
            ) from None
        head = bytes((_VERSION,)) + self._active
        return _text(head + _seal(self._keys[self._active], head, fields) + fields), link

    def check(self, text: str, *, purposes: Collection[str], now_ms: int) -> SignedLink:
        """What a genuine link says that is in time and for one of these purposes. LinkRefused for everything else there is."""
        raw = _bytes(text)
        if len(raw) < _FIELDS_AT or raw[0] != _VERSION:
            raise LinkRefused(LinkFault.ALTERED)
        head, seal, fields = raw[:_SEAL_AT], raw[_SEAL_AT:_FIELDS_AT], raw[_FIELDS_AT:]
        key = self._keys.get(head[1:])
        if key is None:
            raise LinkRefused(LinkFault.UNKNOWN_KEY)
        if not hmac.compare_digest(seal, _seal(key, head, fields)):
            raise LinkRefused(LinkFault.ALTERED)
        link = _read(fields)
        if link.purpose not in purposes:
            raise LinkRefused(LinkFault.ALTERED)
        if now_ms >= link.expires_at_ms:
            raise LinkRefused(LinkFault.EXPIRED)
        return link


def _seal(key: bytes, head: bytes, fields: bytes) -> bytes:
    return hmac.digest(key, _LINK + head + fields, hashlib.sha256)


def _read(fields: bytes) -> SignedLink:
    try:
        return _decoder.decode(fields)
    except msgspec.DecodeError:
        # Signed by us, and of a form that is not ours any more.
        raise LinkRefused(LinkFault.ALTERED) from None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """LinkRefused unless the text is the one way to write its bytes: a link that is changed in any place is another one."""
    if len(text) <= LINK_CHARACTERS_MAX:
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            if _text(raw) == text:
                return raw
        except ValueError:
            pass
    raise LinkRefused(LinkFault.ALTERED)


def _key_id(key: bytes) -> bytes:
    return hmac.digest(key, _KEY_ID, hashlib.sha256)[:_KEY_ID_BYTES]
