"""What people type, made comparable: whatever their keyboard does with case, accents, widths and digits.

`levelled` keeps every character in its place, so that what is found in it is found in the text; `folded` may shorten.
"""

from __future__ import annotations

import unicodedata

_ACCENTS = range(0x0300, 0x0370)
_DROPPED = frozenset("\u093c\u200c\u200d\u200b\u200e\u200f\u2060\ufe0e\ufe0f\ufeff\u00ad")
"""The dot below Hindi letters, which half of all people leave out, and characters nobody sees."""


def levelled(text: str) -> str:
    """The text in small letters without accents, all decimal digits as 0 to 9; as long as it was, character by character."""
    return text.lower() if text.isascii() else "".join(_level(sign) for sign in text)


def folded(text: str) -> str:
    """The text as two people would type it alike: `levelled`, without what cannot be seen, one blank for any space."""
    compatible = unicodedata.normalize("NFKC", text)
    decomposed = unicodedata.normalize("NFD", compatible.casefold())
    kept = "".join(sign for sign in decomposed if ord(sign) not in _ACCENTS and sign not in _DROPPED)
    return " ".join(levelled(unicodedata.normalize("NFC", kept)).split())


def _level(sign: str) -> str:
    if sign.isascii():
        return sign.lower()
    digit = unicodedata.decimal(sign, None)
    if digit is not None:
        return str(digit)
    # The first of the pieces is the letter itself; what stands above or below it comes after.
    bare = unicodedata.normalize("NFKD", sign)[0].lower()
    return bare if len(bare) == 1 else sign
