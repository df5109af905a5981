"""Files of mails that are coming in are the door's alone, and none is left."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wipsie.kernel.clock import SystemClock
from wipsie.slices.mail.doors.smtp.spool import CHUNK_BYTES, Spool
from wipsie.testing.leaks import open_files


@pytest.fixture
async def spool(tmp_path: Path, leaves_nothing_behind: None) -> Spool:
    made = Spool(tmp_path / "spool")
    await made.open()
    return made


async def test_chunks_of_any_size_become_one_file_that_its_owner_alone_may_read(spool: Spool) -> None:
    mail = spool.new()
    for chunk in (b"a" * 10, b"b" * CHUNK_BYTES, b"", b"c"):
        await mail.add(chunk)
    await mail.finish()
    assert mail.path.read_bytes() == b"a" * 10 + b"b" * CHUNK_BYTES + b"c"
    assert (mail.path.stat().st_mode & 0o777, mail.path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    mail.discard()
    assert not mail.path.exists()


async def test_a_folder_that_vanished_is_made_again(spool: Spool) -> None:
    mail = spool.new()
    mail.path.parent.rmdir()
    await mail.finish()
    assert mail.path.read_bytes() == b""
    mail.discard()


async def test_a_mail_that_is_given_up_while_it_is_written_leaves_no_file(spool: Spool) -> None:
    # The only thread is busy: the write has begun as far as anybody can tell, and cannot be taken back.
    may_go_on = threading.Event()
    only_thread = ThreadPoolExecutor(1, thread_name_prefix="asyncio_")
    asyncio.get_running_loop().set_default_executor(only_thread)
    only_thread.submit(may_go_on.wait)
    mail = spool.new()
    adding = asyncio.create_task(mail.add(b"a" * CHUNK_BYTES))
    await asyncio.sleep(0)
    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding
    mail.discard()
    may_go_on.set()
    await spool.settle()
    assert list(mail.path.parent.iterdir()) == []
    assert open_files(mail.path.parent) == []


async def test_what_a_killed_process_left_is_removed_after_a_day(spool: Spool, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    now_s = SystemClock().now()
    for name, age_s in {"old.incoming": 90_000, "young.incoming": 60, "old.txt": 90_000}.items():
        (folder / name).write_text("")
        os.utime(folder / name, (now_s - age_s, now_s - age_s))
    await spool.open()
    assert sorted(entry.name for entry in folder.iterdir()) == ["old.txt", "young.incoming"]
