"""The secret of this installation: SECRET_KEY, or one it makes for itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from wipsie.app.kept_secret import FOLDER, kept_secret
from wipsie.app.settings import Settings
from wipsie.auth.keyring import Keyring

KEY_NAME = "secret.key"


def build_keyring(settings: Settings) -> Callable[[], Keyring]:
    """Opens nothing: a secret of its own is read, or made, at the first call. ConfigurationError at once when SECRET_KEY cannot
    be used."""
    if settings.security.secret_keys:
        given = Keyring([secret.encode() for secret in settings.security.secret_keys])
        return lambda: given

    @lru_cache(maxsize=1)
    def keyring() -> Keyring:
        return Keyring([kept_secret(settings.data_dir, KEY_NAME)])

    return keyring


def has_secret(settings: Settings) -> bool:
    """Whether there is a secret already; without one the first login makes one."""
    return bool(settings.security.secret_keys) or (settings.data_dir / FOLDER / KEY_NAME).exists()
