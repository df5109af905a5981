"""Mails that a provider laid into a bucket of its own: Amazon SES does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from wipsie.blobs import BlobStore
from wipsie.kernel.limits import MIB
from wipsie.slices.mail.domain.arrival import BucketObject, NotAnArrival

MAIL_BYTES_MAX = 64 * MIB
_KEY_BYTES_MAX = 1024
_NOT_ASKED_FOR = re.compile(r"[\x00-\x1f\x7f]|(?:^|/)\.{0,2}(?:/|$)")
"""Control characters, and segments that are empty, one dot or two: the store's library refuses some of these keys, and of others
it asks for an object of another name."""


class MailBuckets:
    """Reads from some buckets and no others: what a queue message names is for whoever may write to the queue to choose."""

    def __init__(self, names: frozenset[str], open_bucket: Callable[[str], BlobStore]) -> None:
        """`open_bucket` makes the store of a bucket by its name; it is asked once for each."""
        self._names = names
        self._open = open_bucket
        self._stores: dict[str, BlobStore] = {}

    async def fetch(self, source: BucketObject, path: Path) -> None:
        """Into a new file. NotAnArrival for a bucket that is not read from, and for a key that cannot be asked for; BlobNotFound;
        BlobTooLarge; StorageUnavailable."""
        if source.bucket not in self._names:
            raise NotAnArrival(
                f"Mails are not fetched from the bucket '{source.bucket}'; name it in MAIL_SES_BUCKETS, and send this again."
            )
        if len(source.key.encode("utf-8", "surrogatepass")) > _KEY_BYTES_MAX or _NOT_ASKED_FOR.search(source.key):
            raise NotAnArrival(
                f"A mail is said to be in the bucket '{source.bucket}' under a key that cannot be asked for."
            )
        store = self._stores.get(source.bucket)
        if store is None:
            store = self._stores[source.bucket] = self._open(source.bucket)
        await store.fetch_foreign(source.key, path, bytes_max=MAIL_BYTES_MAX)
