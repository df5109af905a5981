"""However large an object is, sealing and opening it take little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FILE_BYTES = 200 * 1024 * 1024
GROWTH_BYTES_MAX = 40 * 1024 * 1024
"""Buffers of the object store and of two threads; three chunks are less than one of it."""

# Warmed up with an object that takes the same ways, so that libraries are loaded before memory is looked at.
PROGRAM = """
import asyncio, hashlib, re, sys
from pathlib import Path
from wipsie.blobs import BlobStore
from wipsie.blobs.sealing import GivenKeys, KeyHolder, SealedStore
from wipsie.kernel.clock import SystemClock

async def all_ways(sealed, source, out):
    put = await sealed.put("a", "rep_1", source)
    await sealed.copy("a", "b")
    await sealed.verify("b", "rep_1", put.wrapped)
    await sealed.fetch("b", "rep_1", put.wrapped, out)
    async with sealed.opened("b", "rep_1", put.wrapped) as opened:
        digest = hashlib.sha256()
        async for piece in opened.pieces():
            digest.update(piece)
    return digest.hexdigest()

def peak_kib():
    # Of this program alone: what `getrusage` tells begins with the size of whoever started it.
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

async def main():
    folder = Path(sys.argv[1])
    keys = KeyHolder(GivenKeys([bytes(range(32))]), SystemClock())
    sealed = SealedStore(BlobStore(f"file://{folder}/blobs"), keys, work_dir=folder / "work")
    await all_ways(sealed, folder / "warm", folder / "warm-out")
    before = peak_kib()
    digest = await all_ways(sealed, folder / "in", folder / "out")
    print(peak_kib() - before, digest)

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
def test_a_file_of_200_megabytes_goes_every_way_in_little_memory(tmp_path: Path) -> None:
    _fill(tmp_path / "warm", 5 * 1024 * 1024)
    digest = _fill(tmp_path / "in", FILE_BYTES)
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, timeout=110, check=True
    )
    growth_kib, seen = answer.stdout.split()
    assert seen == digest
    assert (tmp_path / "out").stat().st_size == FILE_BYTES
    assert int(growth_kib) * 1024 < GROWTH_BYTES_MAX


def _fill(path: Path, size: int) -> str:
    import hashlib
    import random

    digest = hashlib.sha256()
    block = random.Random(1).randbytes(1024 * 1024)
    with path.open("wb") as file:
        for number in range(size // len(block)):
            piece = number.to_bytes(8, "big") + block[8:]
            file.write(piece)
            digest.update(piece)
    return digest.hexdigest()
