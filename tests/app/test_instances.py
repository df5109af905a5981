"""Which processes run on a folder: told by a file each, true even after a kill."""

from __future__ import annotations

import stat
from pathlib import Path

from wipsie.app.instances import InstanceFile, running_address, running_instances
from wipsie.kernel import json
from wipsie.kernel.clock import SystemClock

ADDRESS = "http://127.0.0.1:8000"


def test_a_process_is_seen_while_it_holds_its_file(tmp_path: Path) -> None:
    file = InstanceFile(tmp_path, roles=("api", "worker"), address=ADDRESS, clock=SystemClock())
    assert running_instances(tmp_path) == []
    file.write()
    (seen,) = running_instances(tmp_path)
    assert (seen.roles, seen.address) == (("api", "worker"), ADDRESS)
    assert running_address(tmp_path) == ADDRESS
    file.remove()
    assert running_instances(tmp_path) == []


def test_the_file_of_a_killed_process_is_a_leftover_and_goes(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    leftover = folder / "4711.json"
    leftover.write_bytes(
        json.encode({"pid": 4711, "roles": ["api"], "address": ADDRESS, "started_at_ms": 1, "version": "0"})
    )
    assert running_instances(tmp_path) == []
    assert not leftover.exists()


def test_a_process_without_an_api_has_no_address(tmp_path: Path) -> None:
    file = InstanceFile(tmp_path, roles=("worker",), address=None, clock=SystemClock())
    file.write()
    try:
        assert running_address(tmp_path) is None
    finally:
        file.remove()


def test_the_folder_of_the_files_is_private(tmp_path: Path) -> None:
    file = InstanceFile(tmp_path, roles=("worker",), address=None, clock=SystemClock())
    file.write()
    file.remove()
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
