"""What strangers are told while the vault has no key: that it stands by, and not which key is wanted, or where it is looked for."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from wipsie.blobs.sealing import KeyMissing
from wipsie.kernel.errors import Unavailable


@contextlib.contextmanager
def standing_by() -> Generator[None]:
    """Unavailable in the place of KeyMissing, whose words are for whoever runs this: the log has them, and `/health/ready`."""
    try:
        yield
    except KeyMissing as missing:
        raise Unavailable("The vault stands by; try again later.", retry_after_s=missing.retry_after_s) from missing
