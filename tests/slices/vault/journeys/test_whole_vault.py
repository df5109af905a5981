"""A vault that people used is whole, and its upkeep leaves in the store what its rows name, and nothing else."""

from __future__ import annotations

import pytest
from ward import Ward

from wipsie.blobs.sealing import SealedStore
from wipsie.kernel.ids import new_object_id
from wipsie.slices.vault.service.keeping.indexing import ReportIndexer
from wipsie.slices.vault.service.verifying import VaultVerify, VerifyReport
from wipsie.testing.sample_reports import sample_report

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def verified(ward: Ward) -> VerifyReport:
    parts = ward.parts
    work = parts.settings.data_dir / "work" / "verify"
    sealed = SealedStore(parts.blobs, parts.vault_keys, work_dir=work)
    verifier = VaultVerify(
        parts.database,
        parts.blobs,
        sealed,
        parts.vault_keys,
        parts.clock,
        ReportIndexer(),
        audit_keys=parts.audit.keys,
    )
    return await verifier.run()


async def upkeep(ward: Ward) -> None:
    for one in ward.parts.slices:
        if one.name == "vault":
            for work in one.upkeep:
                await work()


async def test_what_people_saved_and_what_waits_for_them_is_whole(ward: Ward) -> None:
    asha = await ward.agreed("Asha Whole")
    await ward.saved(asha, sample_report(4, form="text_pdf"))
    await ward.card_of(asha, sample_report(5, form="text_pdf"))
    orphan = f"staging/own_killed/{new_object_id('obj', 0)}"
    await ward.parts.blobs.put(orphan, b"of a process that was killed")
    before = await verified(ward)
    assert [(one.kind, one.where) for one in before.findings if one.kind != "left_over"] == []
    assert orphan in {one.where for one in before.findings}
    assert before.is_well
    assert before.reports >= 1
    await upkeep(ward)
    after = await verified(ward)
    assert after.findings == []
    # The original and the thumbnail of what is kept, and of what waits to be saved.
    assert after.objects >= 4
