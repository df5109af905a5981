"""Grants to poll one port: exactly that one, for a short time, from the owner of the data folder only."""

from __future__ import annotations

from pathlib import Path

import pytest

from wipsie.app.polling_grants import GRANT_S_MAX, HOST, PollingGrants, polling_grant
from wipsie.testing import FakeClock

PORT = 43210


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def grant_file(folder: Path) -> Path:
    return folder / "grants" / f"poll-{PORT}.json"


def test_without_a_grant_nothing_is_allowed(tmp_path: Path, clock: FakeClock) -> None:
    assert not PollingGrants(tmp_path, clock).allows(HOST, PORT)


def test_a_grant_allows_its_port_of_127_0_0_1_while_it_is_held(tmp_path: Path, clock: FakeClock) -> None:
    grants = PollingGrants(tmp_path, clock)
    with polling_grant(tmp_path, PORT, seconds=60, clock=clock):
        assert grants.allows(HOST, PORT)
    assert not grants.allows(HOST, PORT)
    assert not list((tmp_path / "grants").iterdir())


@pytest.mark.parametrize(
    ("host", "port"),
    [
        (HOST, PORT + 1),
        ("127.0.0.2", PORT),
        ("localhost", PORT),
        ("::1", PORT),
        ("169.254.169.254", PORT),
        ("10.0.0.1", PORT),
    ],
)
def test_a_grant_allows_no_other_host_and_no_other_port(tmp_path: Path, clock: FakeClock, host: str, port: int) -> None:
    with polling_grant(tmp_path, PORT, seconds=60, clock=clock):
        assert not PollingGrants(tmp_path, clock).allows(host, port)


async def test_a_grant_ends_by_itself(tmp_path: Path, clock: FakeClock) -> None:
    with polling_grant(tmp_path, PORT, seconds=60, clock=clock):
        await clock.advance(61)
        assert not PollingGrants(tmp_path, clock).allows(HOST, PORT)


def test_no_grant_lasts_longer_than_ten_minutes(tmp_path: Path, clock: FakeClock) -> None:
    grants = PollingGrants(tmp_path, clock)
    with polling_grant(tmp_path, PORT, seconds=999_999, clock=clock):
        assert grants.allows(HOST, PORT)
        far = clock.now_ms() + (GRANT_S_MAX + 1) * 1000
        grant_file(tmp_path).write_text(f'{{"port": {PORT}, "expires_at_ms": {far}}}')
        assert not grants.allows(HOST, PORT)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o666])
def test_a_file_others_can_touch_is_no_grant(tmp_path: Path, clock: FakeClock, mode: int) -> None:
    with polling_grant(tmp_path, PORT, seconds=60, clock=clock):
        grant_file(tmp_path).chmod(mode)
        assert not PollingGrants(tmp_path, clock).allows(HOST, PORT)


def test_a_link_to_a_grant_is_no_grant(tmp_path: Path, clock: FakeClock) -> None:
    with polling_grant(tmp_path, PORT, seconds=60, clock=clock):
        file = grant_file(tmp_path)
        elsewhere = file.rename(tmp_path / "elsewhere.json")
        file.symlink_to(elsewhere)
        assert not PollingGrants(tmp_path, clock).allows(HOST, PORT)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"port": "x"}', "\x00" * 5000])
def test_a_file_that_is_no_grant_allows_nothing(tmp_path: Path, clock: FakeClock, content: str) -> None:
    with polling_grant(tmp_path, PORT, seconds=60, clock=clock):
        grant_file(tmp_path).write_text(content)
        assert not PollingGrants(tmp_path, clock).allows(HOST, PORT)
