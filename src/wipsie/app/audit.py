"""The audit log of this installation: its key, and its place for anchors."""

from __future__ import annotations

from wipsie.app.kept_secret import FOLDER, kept_secret
from wipsie.app.settings import Settings
from wipsie.audit import Anchors, AuditKeys, AuditLog
from wipsie.blobs import BlobStore
from wipsie.kernel.clock import Clock

KEY_NAME = "audit.key"


def build_audit_log(settings: Settings, clock: Clock) -> AuditLog:
    """Opens nothing: the key is read, or made, when the log is first needed."""
    return AuditLog(lambda: _keys(settings), clock)


def build_anchors(audit: AuditLog, blobs: BlobStore, clock: Clock) -> Anchors:
    """Anchors lie in the object store, which is not the database."""
    return Anchors(_Objects(blobs), audit, clock)


def has_key(settings: Settings) -> bool:
    """Whether there is a key already; without one the first change makes one."""
    return bool(settings.security.audit_keys) or (settings.data_dir / FOLDER / KEY_NAME).exists()


def _keys(settings: Settings) -> AuditKeys:
    if settings.security.audit_keys:
        return AuditKeys([bytes.fromhex(text) for text in settings.security.audit_keys])
    return AuditKeys([kept_secret(settings.data_dir, KEY_NAME)])


class _Objects:
    """A `BlobStore` as anchors see it."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def put(self, key: str, content: bytes) -> None:
        await self._blobs.put(key, content, "application/json")

    async def get(self, key: str) -> bytes:
        return (await self._blobs.get(key)).content

    async def list(self, prefix: str, *, limit: int) -> list[str]:
        return await self._blobs.list(prefix, limit=limit)
