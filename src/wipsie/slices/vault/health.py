"""Whether the vault can take anything in: without the key-encryption key it stands by."""

from __future__ import annotations

from wipsie.api.health import HealthCheck, HealthResult
from wipsie.blobs.sealing import KeyHolder, KeyMissing
from wipsie.slices.vault.metrics import VaultMetrics


def key_check(keys: KeyHolder, metrics: VaultMetrics) -> HealthCheck:
    """Says that the vault stands by, and is green all the same: everything else works, and what is sent to the vault meanwhile comes
    again, since Meta keeps what it cannot deliver for a week."""

    async def check() -> HealthResult:
        try:
            ring = await keys.ring()
        except KeyMissing as missing:
            metrics.standing_by.set(1)
            return HealthResult(ok=True, detail=f"The vault stands by. {missing.message}", data={"keys": 0})
        metrics.standing_by.set(0)
        return HealthResult(ok=True, data={"keys": len(ring.ids)})

    return HealthCheck("vault", check)
