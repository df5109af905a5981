"""WhatsApp takes nothing from us any more: beside the log, whoever is on call finds an incident, one for each trouble."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ward import Ward, open_ward

from wipsie.slices.asyncops.domain.incidents import PROPOSED, SEVERITY_OF
from wipsie.testing.eventually import eventually

pytestmark = pytest.mark.slow
INCIDENTS = "SELECT title, severity, status, occurrences, summary, dedupe_key FROM incidents ORDER BY number"


async def incidents(ward: Ward, occurrences: list[int]) -> list[Any]:
    """All of them, once they were met so often."""
    found: list[Any] = []

    async def are_there() -> bool:
        nonlocal found
        found = await ward.rows(INCIDENTS)
        return [one.occurrences for one in found] == occurrences

    await eventually(are_there, 20, f"incidents of {occurrences} occurrences")
    return found


async def fail(ward: Ward, code: int) -> None:
    """Somebody writes, and WhatsApp does not take the answer."""
    failed = (await ward.rows("SELECT count(*) FROM vault_deliveries WHERE state = 'failed'"))[0][0]
    asha = await ward.agreed(f"Asha {failed}", number=f"1555010{failed:04}")
    ward.simulator.faults.error(code, route="messages")
    await asha.send_text("LIST")
    await ward.comes_to(failed + 1, "SELECT count(*) FROM vault_deliveries WHERE state = 'failed'", timeout_s=20)


async def test_a_number_that_falls_silent_is_an_incident_until_it_is_heard_again(tmp_path: Path) -> None:
    async with open_ward(tmp_path, moves=True, WIPSIE_SLICES="tasks,asyncops,vault") as ward:
        asha = await ward.agreed()
        number = ward.simulator.account.phone_number_id
        ward.simulator.expire_token()
        await asha.send_text("LIST")
        (found,) = await incidents(ward, [1])
        assert found.title == f"Nothing is sent from the WhatsApp number {number}: token_invalid"
        assert (found.severity, found.status) == (SEVERITY_OF["sev2"], PROPOSED)
        assert "the access token ended" in found.summary
        assert found.dedupe_key == f"delivery_failing:channel:whatsapp:{number}:token_invalid"
        ward.simulator.renew_token()
        await ward.simulator.advance(61)
        await asha.expect("no saved reports yet", timeout_s=20)
        notes = "SELECT count(*) FROM timeline_events WHERE body LIKE '%takes messages from the number%again%'"
        await ward.comes_to(1, notes)
        # It falls silent again: the same incident, as long as it is open.
        await ward.simulator.advance(61)
        ward.simulator.expire_token()
        await asha.send_text("LIST")
        (again,) = await incidents(ward, [2])
        assert again.dedupe_key == found.dedupe_key


async def test_what_fails_message_by_message_is_one_incident_for_each_reason(tmp_path: Path) -> None:
    async with open_ward(tmp_path, moves=True, WIPSIE_SLICES="tasks,asyncops,vault") as ward:
        for code in (131042, 131042, 131053):
            await fail(ward, code)
        found = await incidents(ward, [1, 1])
        assert [one.title.partition(": ")[2] for one in found] == ["payment_problem", "media_refused"]
        await ward.simulator.advance(3_601)
        await fail(ward, 131042)
        await incidents(ward, [2, 1])


async def test_where_nobody_proposes_incidents_nothing_waits_for_them(tmp_path: Path) -> None:
    async with open_ward(tmp_path, moves=True) as ward:
        await fail(ward, 131042)
        await ward.comes_to([], "SELECT queue FROM outbox")
        counted = ward.parts.metrics.render().decode()
        assert 'reason="payment_problem"' in counted
