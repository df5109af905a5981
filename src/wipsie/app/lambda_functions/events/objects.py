"""Notices of S3: straight from the bucket, or by way of EventBridge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote_plus

import msgspec

from wipsie.app.lambda_functions.events.typed import typed

_NEW = ("ObjectCreated:", "ObjectRestore:Completed")
"""The names of what leaves an object there to be read."""
_NEW_DETAIL_TYPES = ("Object Created", "Object Restore Completed")


class _Bucket(msgspec.Struct):
    name: str


class _Object(msgspec.Struct, rename={"etag": "eTag", "version_id": "versionId"}):
    key: str
    size: int | None = None
    etag: str = ""
    version_id: str | None = None
    sequencer: str = ""


class _S3(msgspec.Struct):
    bucket: _Bucket
    object: _Object


class _Record(msgspec.Struct, rename="camel"):
    event_name: str
    s3: _S3


class _Notice(msgspec.Struct, rename="pascal"):
    records: list[_Record]


class _EventObject(msgspec.Struct, rename={"version_id": "version-id"}):
    key: str
    size: int | None = None
    etag: str = ""
    version_id: str | None = None
    sequencer: str = ""


class _Detail(msgspec.Struct):
    bucket: _Bucket
    object: _EventObject


class _EventDocument(msgspec.Struct, rename={"detail_type": "detail-type"}):
    detail_type: str
    detail: _Detail


class S3Object(msgspec.Struct, frozen=True, kw_only=True):
    """One object that is there to be read."""

    bucket: str
    key: str
    size: int | None
    version_id: str | None
    mark: str
    """Another one for each change of the object, the same when one change is told twice."""


class NewObjects(msgspec.Struct, frozen=True, kw_only=True):
    """What one notice tells of."""

    objects: list[S3Object]
    ignored: int = 0
    """Records of what is not there to be read: removals, changed tags, empty folders."""


def is_s3_notice(event: Mapping[str, Any]) -> bool:
    """Whether an event is of this kind."""
    if event.get("Event") == "s3:TestEvent" or event.get("source") == "aws.s3":
        return True
    return _first_source(event) == "aws:s3"


def read_s3_notice(event: Mapping[str, Any]) -> NewObjects:
    """InvalidInput when it is not as it should be. The test S3 makes when a notice is configured tells of nothing."""
    if event.get("Event") == "s3:TestEvent":
        return NewObjects(objects=[], ignored=1)
    if event.get("source") == "aws.s3":
        document = typed(event, _EventDocument, "event of S3")
        # EventBridge gives the key as it is, the bucket's own notice as a form would.
        found = [_object(document.detail.bucket.name, document.detail.object.key, document.detail.object)]
        if document.detail_type not in _NEW_DETAIL_TYPES:
            found = []
        total = 1
    else:
        records = typed(event, _Notice, "notice of S3").records
        found = [
            _object(record.s3.bucket.name, unquote_plus(record.s3.object.key), record.s3.object)
            for record in records
            if record.event_name.removeprefix("s3:").startswith(_NEW)
        ]
        total = len(records)
    # What a console makes when somebody "creates a folder".
    objects = [one for one in found if not (one.key.endswith("/") and not one.size)]
    return NewObjects(objects=objects, ignored=total - len(objects))


def _object(bucket: str, key: str, found: _Object | _EventObject) -> S3Object:
    mark = found.sequencer or found.version_id or found.etag
    return S3Object(bucket=bucket, key=key, size=found.size, version_id=found.version_id, mark=mark)


def _first_source(event: Mapping[str, Any]) -> str | None:
    """``eventSource`` of the first record."""
    records = event.get("Records")
    if not isinstance(records, list) or not records:
        return None
    first = cast("list[Any]", records)[0]
    return cast("dict[str, Any]", first).get("eventSource") if isinstance(first, dict) else None
