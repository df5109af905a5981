"""What was left of work that was killed goes; what somebody is at stays."""

from __future__ import annotations

import os
from pathlib import Path

from wipsie.slices.mail.service.work_folder import WorkFolder


async def test_only_folders_in_which_nobody_writes_are_removed(tmp_path: Path) -> None:
    left, in_use = tmp_path / "left", tmp_path / "in-use"
    for folder in (left, in_use):
        folder.mkdir()
        (folder / "mail.eml").write_bytes(b"x")
        os.utime(folder / "mail.eml", (1000, 1000))
        os.utime(folder, (1000, 1000))
    os.utime(in_use / "mail.eml", (5000, 5000))
    WorkFolder(tmp_path).open(older_than_s=100, now_s=5050)
    assert (left.exists(), in_use.exists()) == (False, True)


async def test_a_folder_goes_with_its_work(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path / "work")
    async with work.new() as folder:
        (folder / "mail.eml").write_bytes(b"x")
    assert list((tmp_path / "work").iterdir()) == []
