"""Puts the slice vault together."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from wipsie.app.parts.parts import Parts
from wipsie.app.settings import Settings
from wipsie.queue.operations_signal import SIGNAL_TASK_TYPE
from wipsie.slices.manifest import Slice
from wipsie.slices.vault.building import VaultSettings
from wipsie.slices.vault.domain.conversation import CardDetail, Policy
from wipsie.slices.vault.domain.files import FileLimits
from wipsie.slices.vault.gateways.graph import GraphSettings
from wipsie.slices.vault.service.conversing.sessions import LocalSessions, SharedSessions
from wipsie.slices.vault.slice import build

_DAY_S = 86_400


def vault_slice(parts: Parts) -> Slice:
    """The slice over the parts that all share."""
    settings = parts.settings
    return build(
        _settings(settings, public_url=parts.public_url),
        engine=parts.engine,
        database=parts.database,
        blobs=parts.blobs,
        keys=parts.vault_keys,
        shared=parts.shared,
        sessions=SharedSessions(parts.shared) if settings.shared.redis_url else LocalSessions(parts.clock),
        lists=parts.lists,
        clock=parts.clock,
        metrics=parts.metrics,
        run_cpu=parts.cpu_pool.run,
        proposes_incidents=lambda: parts.registry.find_by_type(SIGNAL_TASK_TYPE) is not None,
    )


def _settings(settings: Settings, *, public_url: Callable[[], str]) -> VaultSettings:
    """What the environment chose, in the words of the slice."""
    chosen = settings.vault
    return VaultSettings(
        graph=GraphSettings(url=chosen.graph_url, version=chosen.graph_version),
        access_token=chosen.access_token,
        app_secrets=chosen.app_secrets,
        verify_tokens=chosen.verify_tokens,
        phone_number_ids=chosen.phone_number_ids,
        public_url=public_url,
        work_path=settings.data_dir / "work" / "vault",
        scanner=chosen.scanner,
        limits=FileLimits(
            bytes_max=chosen.file_bytes_max,
            takes_webp="webp" in chosen.more_kinds,
            takes_heic="heic" in chosen.more_kinds,
        ),
        owner_bytes_max=chosen.owner_bytes_max,
        policy=Policy(
            keeper=chosen.keeper,
            card_detail=cast(CardDetail, chosen.card_detail),
            get_as_file=chosen.send_files,
            file_bytes_max=chosen.file_bytes_max,
            erase_after_days=round(chosen.stopped_kept_s / _DAY_S),
            deleted_days=round(chosen.deleted_kept_s / _DAY_S),
        ),
        deleted_kept_ms=round(chosen.deleted_kept_s * 1000),
        stopped_kept_ms=round(chosen.stopped_kept_s * 1000),
        delete_at_meta=chosen.delete_at_meta,
    )
