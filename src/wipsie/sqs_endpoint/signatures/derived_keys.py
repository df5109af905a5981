"""The keys that signatures are really made with: derived from a secret for a day and a region, and remembered, since each takes
four rounds."""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict

from wipsie.sqs_endpoint.signatures.credentials import SERVICE, TERMINATOR

_REMEMBERED_MAX = 1_000


def derive_key(secret: str, day: str, region: str) -> bytes:
    """The key of one day and region."""
    key = b"AWS4" + secret.encode()
    for part in (day, region, SERVICE, TERMINATOR):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    return key


class DerivedKeys:
    """A bounded memory of them; what was not used for long goes first. A key is remembered once it fitted: days and regions are
    what clients say they are."""

    def __init__(self) -> None:
        self._keys: OrderedDict[tuple[str, str, str], bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._keys)

    def get(self, secret: str, day: str, region: str) -> bytes:
        """The same as `derive_key`."""
        return self._keys.get((secret, day, region)) or derive_key(secret, day, region)

    def remember(self, secret: str, day: str, region: str, key: bytes) -> None:
        """It fitted."""
        self._keys[secret, day, region] = key
        self._keys.move_to_end((secret, day, region))
        while len(self._keys) > _REMEMBERED_MAX:
            self._keys.popitem(last=False)
