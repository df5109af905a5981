"""Key rings, and sealed stores over each kind of object store."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sealed_form import KEK, OLD_KEK

from wipsie.blobs import BlobStore
from wipsie.blobs.sealing import GivenKeys, KeyHolder, KeyRing, SealedStore
from wipsie.testing.clock import FakeClock
from wipsie.testing.servers.moto import MotoServer


@pytest.fixture(scope="session")
def ring() -> KeyRing:
    """One key."""
    return KeyRing([KEK])


@pytest.fixture(scope="session")
def rotated() -> KeyRing:
    """Another one in use, and that of `ring` for reading."""
    return KeyRing([OLD_KEK, KEK])


@pytest.fixture
def holder() -> KeyHolder:
    return KeyHolder(GivenKeys([KEK]), FakeClock())


@pytest.fixture(autouse=True)
def _server_first(request: pytest.FixtureRequest) -> None:
    """Start the server before the test looks at which processes there are: it stays for others."""
    callspec = getattr(request.node, "callspec", None)
    if callspec is not None and "s3" in callspec.params.values():
        request.getfixturevalue("moto_server")


@pytest.fixture(params=["file", "memory", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """An object store of each kind."""
    if request.param == "s3":
        server: MotoServer = request.getfixturevalue("moto_server")
        return server.new_bucket("inside")
    return BlobStore(f"file://{tmp_path}/blobs" if request.param == "file" else "memory://")


@pytest.fixture
def sealed(blobs: BlobStore, holder: KeyHolder, tmp_path: Path) -> SealedStore:
    return SealedStore(blobs, holder, work_dir=tmp_path / "work")
