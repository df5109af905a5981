"""A PIN outlives the key it was kept under: whoever types it right has it kept under the one in use."""

from __future__ import annotations

from pathlib import Path

import pytest
from ward import Ward, open_ward

from wipsie.app.vault_keys import vault_key_file
from wipsie.blobs.sealing import KeyRing
from wipsie.slices.vault.service.conversing.pins import is_pin
from wipsie.testing.simulators.whatsapp import Phone


async def _unlock(ward: Ward, asha: Phone, phone: str) -> None:
    """Their phone is another one; they ask for something, and type the PIN."""
    await asha.reinstall(phone)
    await asha.send_text("LIST")
    await asha.expect("PIN", timeout_s=15)
    await asha.send_text("482913")
    await asha.expect("no saved reports", timeout_s=15)


async def _kept(ward: Ward) -> str:
    ((kept,),) = await ward.rows("SELECT pin_hash FROM vault_identities")
    return kept


@pytest.mark.slow
async def test_a_pin_is_good_after_its_key_is_gone(tmp_path: Path) -> None:
    async with open_ward(tmp_path, VAULT_KEYS="") as ward:
        keys = vault_key_file(ward.parts.settings, ward.parts.database)
        path = tmp_path / "secrets" / "vault.keys"
        asha = await ward.agreed()
        await asha.send_text("PIN 482913")
        await asha.expect("PIN", timeout_s=15)
        first = await _kept(ward)
        await keys.add()
        await ward.parts.vault_keys.refresh()
        await _unlock(ward, asha, "AAAA")
        second = await _kept(ward)
        ring = await ward.parts.vault_keys.ring()
        newest = KeyRing([bytes.fromhex(line) for line in path.read_text().split()][:1])
        assert second != first
        assert (len(ring.ids), newest.active) == (2, ring.active)
        # What `wipsie vault remove-key` leaves.
        ((owner,),) = await ward.rows("SELECT id FROM vault_identities")
        assert await is_pin(newest, owner, "482913", second)
        assert not await is_pin(newest, owner, "482913", first)
