"""Files that Meta does not give, or gives wrong: each has its outcome, and Meta is asked four times an hour at most."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
import pytest_asyncio
from ward import Ward, open_ward

from wipsie.auth.principal import Principal
from wipsie.kernel.errors import Conflict
from wipsie.slices.vault.service.staff import StaffDesk
from wipsie.testing.eventually import eventually
from wipsie.testing.sample_reports import sample_report
from wipsie.testing.simulators.whatsapp.faults import Fault

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
BLOOD = sample_report(4, form="text_pdf")
NOT_USED = cast("Any", None)
SOMEBODY = cast("Principal", SimpleNamespace(actor="user:usr_of_staff"))
AGAIN_S = 16.0
"""From the first look-up to the second."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ward(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ward]:
    async with open_ward(tmp_path_factory.mktemp("ward"), moves=True, VAULT_FILE_BYTES_MAX="1048576") as opened:
        yield opened


@pytest.fixture(autouse=True)
def well_again(ward: Ward) -> None:
    ward.simulator.faults.clear()


def look_ups(ward: Ward) -> int:
    """How often Meta was asked where a file is."""
    return sum(call.route == "lookup" for call in ward.simulator.log.calls)


async def waits_for(ward: Ward, owner: str, reason: str) -> None:
    statement = "SELECT reason FROM vault_files WHERE owner = :owner ORDER BY received_at_ms DESC LIMIT 1"
    await ward.comes_to(reason, statement, owner=owner, timeout_s=20)


ONCE = {
    "503": (Fault(kind="error", code=131016, route="lookup"), "unavailable"),
    "500": (Fault(kind="http_error", status_code=500, route="download"), "unavailable"),
    "no-such-id": (Fault(kind="error", code=100, subcode=33, route="lookup"), "gone"),
    "404": (Fault(kind="http_error", status_code=404, route="download"), "gone"),
    "401": (Fault(kind="http_error", status_code=401, route="download"), "token_invalid"),
    # A connection that breaks off once is tried again at once.
    "reset-look-up": (Fault(kind="reset", route="lookup", times=2), "meta_unreachable"),
    "reset": (Fault(kind="reset", route="download", times=2), "meta_unreachable"),
    "truncated": (Fault(kind="truncated", route="download"), "meta_unreachable"),
    "corrupted": (Fault(kind="corrupted", route="download"), "wrong_checksum"),
}


@pytest.mark.parametrize(("fault", "reason"), ONCE.values(), ids=ONCE)
async def test_what_goes_wrong_once_goes_right_the_second_time(ward: Ward, fault: Fault, reason: str) -> None:
    asha = await ward.agreed()
    ward.simulator.faults.add(fault)
    await ward.send_report(asha, BLOOD)
    await waits_for(ward, await ward.owner_of(asha), reason)
    await ward.advance(AGAIN_S)
    await asha.expect(kind="button", timeout_s=20)
    assert [one.kind for one in asha.received] == ["button", "text", "button"], "who waits for seconds is told nothing"


async def test_a_file_that_is_not_what_was_announced_is_refused_the_second_time(ward: Ward) -> None:
    asha = await ward.agreed()
    ward.simulator.faults.wrong_hash()
    await ward.send_report(asha, BLOOD)
    await waits_for(ward, await ward.owner_of(asha), "wrong_checksum")
    await ward.advance(AGAIN_S)
    await asha.expect("did not arrive whole", timeout_s=20)


async def test_a_file_that_is_too_large_is_refused_whatever_was_said_of_its_size(ward: Ward) -> None:
    asha = await ward.agreed()
    ward.simulator.faults.endless()
    await ward.send_report(asha, BLOOD)
    await asha.expect("larger than 1 MB", timeout_s=20)


async def test_a_file_above_a_hundred_megabytes_is_told_of(ward: Ward) -> None:
    asha = await ward.agreed()
    await asha.send_oversize()
    await asha.expect("over 100 MB", timeout_s=20)


async def test_a_slow_file_is_waited_for(ward: Ward) -> None:
    asha = await ward.agreed()
    ward.simulator.faults.slow(40, route="download")
    await ward.send_report(asha, BLOOD)
    await ward.comes_into("CHECKING", asha)
    await ward.advance(25, is_busy=True)
    await asha.expect("Still reading", timeout_s=20)
    await ward.advance(20, is_busy=True)
    await asha.expect(kind="button", timeout_s=20)


async def test_meta_is_asked_four_times_an_hour_at_most_and_the_file_comes_all_the_same(ward: Ward) -> None:
    asha = await ward.agreed()
    before = look_ups(ward)
    fault = ward.simulator.faults.error(131016, route="lookup", times=None)
    await ward.send_report(asha, BLOOD)
    owner = await ward.owner_of(asha)
    await waits_for(ward, owner, "unavailable")
    for count in range(2, 5):
        await ward.advance({2: 16, 3: 121, 4: 901}[count])
        await ward.comes_to(count, "SELECT attempts FROM vault_files WHERE owner = :owner", owner=owner)
    await ward.advance(1_800)
    await asha.expect("will write as soon as it is checked", timeout_s=20)
    assert look_ups(ward) == before + 4
    ward.simulator.faults.remove(fault.id)
    await ward.advance(2_000)
    await asha.expect(kind="button", timeout_s=20)


async def test_a_file_that_meta_has_no_more_is_given_up_and_its_owner_told(ward: Ward) -> None:
    asha = await ward.agreed()
    fault = ward.simulator.faults.error(131016, route="lookup", times=None)
    await ward.send_report(asha, BLOOD)
    await waits_for(ward, await ward.owner_of(asha), "unavailable")
    ward.simulator.faults.remove(fault.id)
    ward.simulator.faults.error(100, subcode=33, route="lookup", times=2)
    await ward.advance(AGAIN_S)
    await waits_for(ward, await ward.owner_of(asha), "gone")
    await ward.advance(121)
    await asha.expect("does not have it any more", timeout_s=20)


async def test_staff_have_a_file_looked_at_at_once_as_long_as_meta_may_be_asked(ward: Ward) -> None:
    asha = await ward.agreed()
    desk = StaffDesk(ward.parts.database, ward.parts.vault_keys, ward.simulator.clock, NOT_USED, NOT_USED, NOT_USED)
    ward.simulator.faults.error(131016, route="lookup", times=4)
    await ward.send_report(asha, BLOOD)
    owner = await ward.owner_of(asha)
    await waits_for(ward, owner, "unavailable")
    (file,) = (await ward.rows("SELECT id FROM vault_files WHERE owner = :owner", owner=owner))[0]
    for attempts in (1, 2, 3):
        await ward.comes_to(attempts, "SELECT attempts FROM vault_files WHERE id = :id", id=file)
        await eventually(ward.is_idle, 10, "the job comes to its end")
        await desk.look_again(SOMEBODY, file)
    await ward.comes_to(4, "SELECT attempts FROM vault_files WHERE id = :id", id=file)
    with pytest.raises(Conflict, match="as often as it allows") as refused:
        await desk.look_again(SOMEBODY, file)
    assert "next_at" in refused.value.details
    await ward.advance(3_600)
    await asha.expect(kind="button", timeout_s=20)
