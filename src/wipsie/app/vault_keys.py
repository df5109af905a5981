"""The key-encryption keys of the vault: those of VAULT_KEYS, or a file that is made at its first use."""

from __future__ import annotations

from sqlalchemy import select

from wipsie.app.settings import Settings
from wipsie.blobs.sealing import GivenKeys, KeyFile, KeyHolder
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import InternalError
from wipsie.slices.vault.store.tables import identities_table, inbox_table


def build_vault_keys(settings: Settings, database: Database, clock: Clock) -> KeyHolder:
    """What holds them in this process. Opens nothing. ConfigurationError for keys that cannot be used."""
    if settings.vault.keys:
        return KeyHolder(GivenKeys.from_text(",".join(settings.vault.keys)), clock)
    return KeyHolder(vault_key_file(settings, database), clock)


def vault_key_file(settings: Settings, database: Database) -> KeyFile:
    """The file of the keys, to add one or to remove one."""

    async def is_first_use() -> bool:
        # A new key in the place of a lost one would open nothing of what there is.
        async with database.read() as connection:
            for column in (inbox_table.c.number, identities_table.c.id):
                if (await connection.execute(select(column).limit(1))).first() is not None:
                    return False
        return True

    path = settings.vault.key_file
    if path is None:
        raise InternalError("The settings name no key file; report this.")
    return KeyFile(path, is_first_use=is_first_use)
