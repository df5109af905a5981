"""A thousand updates in one webhook: all of them are handled, each once."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from ward import SECRET, Ward, open_ward

from wipsie.slices.vault.domain.whatsapp.signature import HEADER
from wipsie.slices.vault.routes.webhook import PATH

pytestmark = pytest.mark.slow
SENDERS = 50
EACH = 14
STATUSES = 300


def body_of_thousand(phone_number_id: str, now_s: int) -> bytes:
    """700 messages of 50 people, and 300 statuses of messages nobody knows."""
    messages: list[dict[str, Any]] = []
    for number in range(SENDERS * EACH):
        sender = f"IN.4812007731{number % SENDERS:04}"
        kinds: list[dict[str, Any]] = [
            {"type": "text", "text": {"body": f"word {number}"}},
            {"type": "reaction", "reaction": {"message_id": "wamid.EXAMPLE", "emoji": "👍"}},
            {"type": "location", "location": {"latitude": 1.0, "longitude": 2.0}},
            {"type": "novelty", "novelty": {"of": "tomorrow"}},
        ]
        messages.append(
            {
                "from_user_id": sender,
                "id": f"wamid.T{number:04}",
                "timestamp": str(now_s),
                **kinds[number // SENDERS % len(kinds)],
            }
        )
    statuses = [
        {"id": f"wamid.S{number:04}", "status": "delivered", "timestamp": str(now_s), "recipient_id": "15550100123"}
        for number in range(STATUSES)
    ]
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550177000", "phone_number_id": phone_number_id},
        "messages": messages,
        "statuses": statuses,
    }
    entry = {"id": "310000000000077", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


@pytest.mark.timeout(120)
async def test_a_thousand_updates_in_one_webhook_are_all_handled_once(tmp_path: Path) -> None:
    async with open_ward(tmp_path) as ward:
        body = body_of_thousand(ward.simulator.account.phone_number_id, int(time.time()))
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {HEADER: f"sha256={signature}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            began = time.perf_counter()
            async with session.post(f"{ward.url}{PATH}", data=body) as answer:
                acknowledged_s = time.perf_counter() - began
                assert answer.status == 200
            # It comes again while it is handled.
            async with session.post(f"{ward.url}{PATH}", data=body) as answer:
                assert answer.status == 200
        await all_handled(ward)
        handled_s = time.perf_counter() - began
        print(f"\n1000 updates: acknowledged after {acknowledged_s:.2f} s, handled after {handled_s:.1f} s")


async def all_handled(ward: Ward) -> None:
    count = SENDERS * EACH
    await ward.comes_to(
        count, "SELECT count(*) FROM vault_inbox WHERE handled_at_ms IS NOT NULL AND error IS NULL", timeout_s=90
    )
    assert (await ward.rows("SELECT count(*) FROM vault_inbox"))[0][0] == count
    assert (await ward.rows("SELECT count(*) FROM vault_identities"))[0][0] == SENDERS
    welcomes = await ward.rows("SELECT owner, count(*) FROM vault_deliveries WHERE kind = 'buttons' GROUP BY owner")
    assert len(welcomes) == SENDERS
    assert {row[1] for row in welcomes} <= set(range(1, 7)), "six welcomes an hour are enough for anybody"
