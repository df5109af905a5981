"""The secret of this installation and the keys derived from it, one for each purpose: who learns one learns no other."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from wipsie.kernel.errors import ConfigurationError

SECRET_BYTES_MIN = 32
_KINDS_MIN = 8
"""So many different characters 32 random hex digits have, but for one time in many millions."""
_KNOWN_PARTS = (
    "changeme",
    "changethis",
    "changeit",
    "replaceme",
    "yoursecret",
    "secretkey",
    "supersecret",
    "topsecret",
    "mysecret",
    "notsecret",
    "notsosecret",
    "insecure",
    "inproduction",
    "password",
    "example",
    "placeholder",
    "default",
    "wipsie",
)
"""In lower case without signs: what examples and templates fill in for a secret."""
_ID_DIGITS = 16


class Keyring:
    """The secret in use, and those of earlier times, which still open what was made with them."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        """The first is in use. ConfigurationError when there is none, or one is shorter than 32 bytes or can be guessed."""
        if not secrets or any(len(secret) < SECRET_BYTES_MIN for secret in secrets):
            raise _refused(f"needs at least {SECRET_BYTES_MIN} random characters")
        if any(_is_known(secret) for secret in secrets):
            raise _refused("is a text everybody tries first; it needs random characters")
        self._secrets = {_derived(secret, "key id").hex()[:_ID_DIGITS]: secret for secret in secrets}
        self.current = next(iter(self._secrets))
        """Id of the secret in use; says nothing of the secret."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all secrets, the one in use first."""
        return tuple(self._secrets)

    def derive(self, purpose: str, key_id: str | None = None) -> bytes:
        """32 bytes for one purpose, from the secret in use or the one of `key_id`. KeyError for one we do not hold."""
        return _derived(self._secrets[key_id or self.current], purpose)


def _derived(secret: bytes, purpose: str) -> bytes:
    return hmac.digest(secret, b"wipsie\0" + purpose.encode(), hashlib.sha256)


def _is_known(secret: bytes) -> bool:
    letters = "".join(character for character in secret.decode("latin-1").lower() if character.isalnum())
    return len(set(secret)) < _KINDS_MIN or any(part in letters for part in _KNOWN_PARTS)


def _refused(why: str) -> ConfigurationError:
    return ConfigurationError(
        f"SECRET_KEY {why}. Make one with: openssl rand -hex 32", details={"setting": "SECRET_KEY"}
    )
