"""Keyed tokens in the place of words: an index of them finds exact words and shows none.

Who reads the index without the key sees how often each token occurs, and in how many documents: with enough text of one owner that
tells common words. Tokens of two owners never meet, so nothing can be compared across owners.
"""

from __future__ import annotations

import hmac

from wipsie.blobs.sealing.key_ring import KeyRing

TOKEN_DIGITS = 32
"""128 of the 256 bits: two words of an owner share a token in none of the vaults there will be, and the index is half as large."""


def keyed_token(ring: KeyRing, word: str, *, owner: str, purpose: str) -> str:
    """32 hex digits for a word, as folded by `kernel.text_words`: HMAC-SHA-256 with the key in use. For what is written."""
    return _token(ring, ring.active, word, owner, purpose)


def keyed_tokens(ring: KeyRing, word: str, *, owner: str, purpose: str) -> list[str]:
    """The tokens of a word under all keys, the one in use first. For what is looked up, until rotation has written all anew."""
    return [_token(ring, kek_id, word, owner, purpose) for kek_id in ring.ids]


def _token(ring: KeyRing, kek_id: str, word: str, owner: str, purpose: str) -> str:
    parts = [part.encode("utf-8", "surrogatepass") for part in (owner, word)]
    # With their lengths: the end of an owner is never the beginning of a word.
    text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac.digest(ring.derived(f"token: {purpose}", kek_id), text, "sha256").hex()[:TOKEN_DIGITS]
