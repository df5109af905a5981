"""Objects of S3 as sources to poll, read with Wipsie's own role: bounded in time and size, and of allowed buckets alone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from wipsie.slices.tasks.gateways.http_client import HttpAnswer
from wipsie.slices.tasks.gateways.http_errors import HttpRefused, HttpUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from obstore.store import S3Store

SCHEME = "s3://"


class S3Source:
    """Opens a store per bucket on first use; there is nothing to close."""

    def __init__(
        self, *, buckets: frozenset[str], config: Mapping[str, str], total_timeout_s: float, body_bytes_max: int
    ) -> None:
        """`config` as `BlobStore` takes it; what it leaves out comes from the usual AWS variables."""
        self._buckets = buckets
        self._config = dict(config)
        self._total_timeout_s = total_timeout_s
        self._body_bytes_max = body_bytes_max
        self._stores: dict[str, S3Store] = {}

    async def get(self, url: str, headers: Mapping[str, str]) -> HttpAnswer:
        """``s3://bucket/key``, with ``?versionId=…`` that version, answered as a web server would: 304 when
        ``If-None-Match`` names what is there. The key is percent-encoded. HttpRefused, HttpUnreachable."""
        bucket, key, version = _address(url)
        if bucket not in self._buckets:
            raise HttpRefused(
                f"The bucket '{bucket}' is not one that may be polled; name it in POLLING_S3_BUCKETS.",
                "ADDRESS_REFUSED",
            )
        try:
            async with asyncio.timeout(self._total_timeout_s):
                return await self._read(url, bucket, key, version, headers.get("If-None-Match"))
        except TimeoutError:
            raise HttpUnreachable(f"{url} did not answer within {self._total_timeout_s:g} s.") from None

    async def _read(self, url: str, bucket: str, key: str, version: str | None, known_etag: str | None) -> HttpAnswer:
        import obstore
        from obstore.exceptions import BaseError, NotModifiedError, PermissionDeniedError, UnauthenticatedError

        try:
            options: Any = {}
            if version is not None:
                options["version"] = version
            if known_etag is not None:
                options["if_none_match"] = known_etag
            found = await obstore.get_async(await self._store(bucket), key, options=options)
            size = int(found.meta["size"])
            if size > self._body_bytes_max:
                raise HttpRefused(f"{url} holds more than {self._body_bytes_max} bytes.", "BODY_TOO_LARGE")
            content = bytes(await found.bytes_async())
        except NotModifiedError:
            return HttpAnswer(304, {}, b"", url)
        except FileNotFoundError:
            return HttpAnswer(404, {}, b"", url)
        except (PermissionError, PermissionDeniedError, UnauthenticatedError):
            raise HttpRefused(f"{url} may not be read by this role.", "SOURCE_REFUSED") from None
        except (OSError, BaseError) as error:
            # The library's texts hold whole answers of the server; the kind is enough.
            raise HttpUnreachable(f"{url} cannot be read: {type(error).__name__}.") from error
        named = {"content-type": str(found.attributes.get("Content-Type", ""))}
        if (etag := found.meta.get("e_tag")) is not None:
            named["etag"] = etag
        return HttpAnswer(200, named, content, url)

    async def _store(self, bucket: str) -> S3Store:
        store = self._stores.get(bucket)
        if store is None:
            # Reads files of the AWS configuration.
            store = self._stores[bucket] = await asyncio.to_thread(self._open, bucket)
        return store

    def _open(self, bucket: str) -> S3Store:
        from obstore.store import S3Store

        # The library stops the whole call on a key without this beginning.
        config: Any = {f"aws_{name}": value for name, value in self._config.items()}
        time_out = timedelta(seconds=self._total_timeout_s)
        return S3Store(
            bucket,
            config=config,
            client_options={"allow_http": self._config.get("endpoint", "").startswith("http://"), "timeout": time_out},
            retry_config={"max_retries": 3, "retry_timeout": time_out / 2},
        )


def _address(url: str) -> tuple[str, str, str | None]:
    """(bucket, key, version). HttpRefused."""
    parts = urlsplit(url)
    key = unquote(parts.path[1:])
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    version = options.pop("versionId", None)
    if not parts.netloc or not key or options or parts.fragment:
        raise HttpRefused(f"'{url[:200]}' is not s3://bucket/key, with ?versionId=… at most.", "URL_INVALID")
    return parts.netloc, key, version
