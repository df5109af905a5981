"""Files made to harm are refused or flagged, whatever they do to their reader, and the next file is read all the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.limits import MIB
from wipsie.slices.vault.domain.files import (
    FileAccepted,
    FileLimits,
    FileRefused,
    Verdict,
    clean_file_name,
    examine_file,
)
from wipsie.slices.vault.gateways.examining import examine
from wipsie.testing.sample_reports.hostile import HostileFile, hostile_files
from wipsie.testing.sample_reports.hostile.raw_pdf import one_page
from wipsie.workers.cpu_pool import CpuPool, CpuTaskCrashed

LIMITS = FileLimits()
ALL = {one.name: one for one in hostile_files()}
LIGHT = [name for name, one in ALL.items() if not one.is_heavy]
HEAVY = [name for name, one in ALL.items() if one.is_heavy]
MEMORY_BAR_BYTES = 512 * MIB
CPU_BAR_S = 20.0
IN_A_PROCESS = """
import sys
from pathlib import Path
import msgspec
from wipsie.slices.vault.domain.files import FileLimits, clean_file_name
from wipsie.slices.vault.gateways.examining import examine_path
path, declared, name = sys.argv[1:]
sys.stdout.buffer.write(msgspec.json.encode(examine_path(Path(path), declared, clean_file_name(name), FileLimits())))
"""

# From a small process: the peak of a child begins with the size of whoever started it.
MEASURED = """
import json, os, subprocess, sys
with open(sys.argv[1], "wb") as answer:
    process = subprocess.Popen(sys.argv[2:], stdout=answer, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
ended = {"code": os.waitstatus_to_exitcode(status), "peak_kib": usage.ru_maxrss, "cpu_s": usage.ru_utime + usage.ru_stime}
process.returncode = ended["code"]
print(json.dumps(ended))
"""


def is_right(one: HostileFile, verdict: Verdict) -> bool:
    if one.refused_for:
        return isinstance(verdict, FileRefused) and verdict.reason in one.refused_for
    return isinstance(verdict, FileAccepted) and one.flag in verdict.flags and verdict.is_download_only


@pytest.fixture
async def pool() -> AsyncIterator[CpuPool]:
    pool = CpuPool(clock=SystemClock(), processes_max=1)
    yield pool
    await pool.stop()


@pytest.mark.parametrize("name", LIGHT)
def test_a_hostile_file_gets_the_right_verdict(name: str) -> None:
    one = ALL[name]
    verdict = examine_file(one.make(), one.declared_type, clean_file_name(one.file_name), LIMITS)
    assert is_right(one, verdict), verdict


class _Usage(msgspec.Struct):
    """What a process took, and how it ended."""

    code: int
    peak_kib: int
    cpu_s: float


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_no_hostile_file_takes_more_than_512_mib_and_20_seconds(name: str, tmp_path: Path) -> None:
    one = ALL[name]
    path = tmp_path / "file"
    path.write_bytes(one.make())
    answer = tmp_path / "answer"
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            MEASURED,
            str(answer),
            sys.executable,
            "-c",
            IN_A_PROCESS,
            str(path),
            one.declared_type,
            one.file_name,
        ],
        stdout=subprocess.PIPE,
        check=True,
    )
    usage = msgspec.json.decode(told.stdout, type=_Usage)
    if usage.code == 0:
        verdict = msgspec.json.decode(answer.read_bytes(), type=Verdict)
        assert is_right(one, verdict), verdict
    else:
        # It died by its own hand or of a limit, as the heavy ones may.
        assert one.is_heavy
        assert usage.code < 0
    assert usage.peak_kib * 1024 <= MEMORY_BAR_BYTES
    assert usage.cpu_s <= CPU_BAR_S


@pytest.mark.slow
@pytest.mark.parametrize("name", HEAVY)
async def test_what_kills_its_reader_is_refused_and_the_next_file_is_read(
    name: str, pool: CpuPool, tmp_path: Path
) -> None:
    one = ALL[name]
    bad, good = tmp_path / "bad", tmp_path / "good"
    bad.write_bytes(one.make())
    good.write_bytes(one_page())
    verdict = await examine(
        pool.run, bad, declared_type=one.declared_type, name=clean_file_name(one.file_name), limits=LIMITS
    )
    assert is_right(one, verdict), verdict
    after = await examine(pool.run, good, declared_type="application/pdf", name="report.pdf", limits=LIMITS)
    assert isinstance(after, FileAccepted)


@pytest.mark.parametrize("exit_code", [-9, 1])
async def test_a_reader_that_others_ended_says_nothing_of_the_file(exit_code: int, tmp_path: Path) -> None:
    async def ended(*_: object, **__: object) -> None:
        raise CpuTaskCrashed("examine_path", exit_code)

    with pytest.raises(CpuTaskCrashed):
        await examine(ended, tmp_path / "file", declared_type=None, name=None, limits=LIMITS)


@pytest.mark.parametrize("exit_code", [-24, -6, -11])
async def test_a_reader_that_ran_into_a_limit_is_a_verdict(exit_code: int, tmp_path: Path) -> None:
    async def ended(*_: object, **__: object) -> None:
        raise CpuTaskCrashed("examine_path", exit_code)

    verdict = await examine(ended, tmp_path / "file", declared_type=None, name=None, limits=LIMITS)
    assert isinstance(verdict, FileRefused)
    assert verdict.reason == "too_heavy"
