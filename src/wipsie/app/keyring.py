"""The secret of this installation: SECRET_KEY, or one it makes for itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from wipsie.app.kept_secret import kept_secret
from wipsie.app.settings import Settings
from wipsie.auth.keyring import Keyring

KEY_NAME = "secret.key"


def build_keyring(settings: Settings) -> Callable[[], Keyring]:
    """Opens nothing: the secret is read, or made, at the first call."""

    @lru_cache(maxsize=1)
    def keyring() -> Keyring:
        given = settings.security.secret_key
        if given:
            return Keyring([part.strip().encode() for part in given.split(",")])
        return Keyring([kept_secret(settings.data_dir, KEY_NAME)])

    return keyring
