"""`wipsie vault …`."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from wipsie.app.settings import load_settings
from wipsie.app.vault_desk import KEPT_S, SETTLE_S, opened_vault_desk
from wipsie.app.vault_keys import vault_key_file
from wipsie.kernel.errors import ConfigurationError, Conflict, InvalidInput, NotFound
from wipsie.slices.vault.store.tables import objects_table
from wipsie.testing.clock import FakeClock
from wipsie.testing.eventually import eventually

# Where the tests of the slice keep it; a type checker looks beside this file only.
sys.path.insert(0, str(Path(__file__).parents[1] / "slices" / "vault" / "keeping"))
vault_room: Any = import_module("vault_room")

Wipsie = Callable[..., Result]
WipsieJson = Callable[..., Any]


@pytest.fixture
def vault(wipsie: Wipsie, data_dir: Path, migrated_sqlite_file: Path) -> None:
    """Two reports of somebody, in the vault of the data folder."""
    data_dir.mkdir(mode=0o700)
    shutil.copy(migrated_sqlite_file, data_dir / "wipsie.db")

    async def fill() -> None:
        settings = load_settings()
        clock = FakeClock()
        async with opened_vault_desk(settings, clock) as desk:
            key_file = vault_key_file(settings, desk.database)
            room = vault_room.VaultRoom(data_dir, desk.database, clock, desk.blobs, key_file=key_file)
            owner = await room.owner()
            for number in range(2):
                await room.saved(owner, b"report %d" % number)

    asyncio.run(fill())


def test_a_vault_that_is_whole_is_called_so(vault: None, wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    assert wipsie("vault", "verify").stdout.startswith("All is well: 2 reports, 2 objects,")
    found = wipsie_json("vault", "verify", "--quick")
    assert (found["well"], found["quick"], found["reports"], found["findings"]) == (True, True, 2, [])


def test_an_empty_vault_is_whole(wipsie: Wipsie) -> None:
    wipsie("migrate")
    assert wipsie("vault", "verify").stdout.startswith("All is well: 0 reports")


def test_what_was_changed_is_told_and_ends_with_a_code_of_its_own(vault: None, wipsie: Wipsie, data_dir: Path) -> None:
    (first, _) = sorted((data_dir / "blobs" / "vault").rglob("obj_*"))
    first.write_bytes(first.read_bytes()[:-1] + b"x")
    result = wipsie("vault", "verify")
    assert result.exit_code == 3
    assert "object changed" in result.stdout
    assert "Something is wrong" in result.stdout
    result = wipsie("vault", "verify", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["found"]["object_changed"] == 1


@pytest.mark.slow
def test_keys_are_listed_added_used_and_removed_and_never_shown(
    vault: None, wipsie: Wipsie, wipsie_json: WipsieJson, data_dir: Path
) -> None:
    (first,) = wipsie_json("vault", "keys")
    assert (first["in_use"], first["is_held"]) == (True, True)
    assert first["seals"] > 2
    made = wipsie_json("vault", "add-key")["key"]
    assert [(one["id"], one["in_use"], one["seals"]) for one in wipsie_json("vault", "keys")] == [
        (first["id"], True, first["seals"]),
        (made, False, 0),
    ]
    assert f"Key {made} is in use." in wipsie("vault", "use-key", made).stdout
    with pytest.raises(Conflict, match="run `wipsie vault rotate` first"):
        wipsie("vault", "remove-key", first["id"], "--yes", "--force")
    with pytest.raises(Conflict, match="in use cannot be removed"):
        wipsie("vault", "remove-key", made, "--yes", "--force")
    rotated = wipsie_json("vault", "rotate")
    assert (rotated["active"], rotated["objects"], rotated["words"], rotated["broken"]) == (made, 2, 2, 0)
    with pytest.raises(InvalidInput, match="--yes"):
        wipsie("vault", "remove-key", first["id"])
    with pytest.raises(Conflict, match="30 days"):
        wipsie("vault", "remove-key", first["id"], "--yes")
    assert wipsie("vault", "remove-key", first["id"], "--yes", "--force").stdout == f"Key {first['id']} is forgotten.\n"
    assert [(one["id"], one["seals"]) for one in wipsie_json("vault", "keys")] == [(made, first["seals"])]
    assert "All is well" in wipsie("vault", "verify").stdout
    keys = (data_dir / "secrets" / "vault.keys").read_text().split()
    shown = wipsie("vault", "keys").stdout + wipsie("vault", "keys", "--json").stdout
    assert not [key for key in keys if key in shown]
    events = [one["action"] for one in wipsie_json("audit", "list") if one["object"] == "vault:keys"]
    assert events == ["vault:keys:remove", "vault:keys:rotate", "vault:keys:use", "vault:keys:add"]


def test_a_key_that_is_none_is_not_used_and_not_removed(vault: None, wipsie: Wipsie) -> None:
    for arguments in (("use-key", "0" * 16), ("remove-key", "0" * 16, "--yes", "--force")):
        with pytest.raises(NotFound):
            wipsie("vault", *arguments)


@pytest.mark.slow
def test_a_key_that_is_missing_is_listed_so(
    vault: None, wipsie: Wipsie, wipsie_json: WipsieJson, data_dir: Path
) -> None:
    (first,) = wipsie_json("vault", "keys")
    (data_dir / "secrets" / "vault.keys").write_text("00112233445566778899aabbccddeeff" * 2 + "\n")
    held, missing = wipsie_json("vault", "keys")
    assert (held["is_held"], held["seals"]) == (True, 0)
    assert (missing["id"], missing["is_held"], missing["seals"]) == (first["id"], False, first["seals"])
    assert "missing" in wipsie("vault", "keys").stdout


@pytest.mark.slow
def test_keys_that_are_given_are_not_changed_by_commands(
    vault: None, wipsie: Wipsie, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    monkeypatch.setenv("VAULT_KEYS", (data_dir / "secrets" / "vault.keys").read_text().strip())
    assert "All is well" in wipsie("vault", "verify").stdout
    for arguments in (("add-key",), ("use-key", "0" * 16)):
        with pytest.raises(ConfigurationError, match="VAULT_KEYS"):
            wipsie("vault", *arguments)


def test_a_new_key_is_used_once_every_process_holds_it(vault: None, data_dir: Path) -> None:
    async def work() -> None:
        clock = FakeClock()
        async with opened_vault_desk(load_settings(), clock) as desk:
            told: list[str] = []
            before = (await desk.keys.ring()).active
            renewing = asyncio.ensure_future(desk.renew_key(told.append))
            await eventually(lambda: clock.sleepers == 1, 10, "nobody waits for the other processes")
            assert (await desk.keys.refresh()).active == before
            assert len((await desk.keys.refresh()).ids) == 2
            await clock.advance(SETTLE_S)
            await eventually(lambda: len(told) == 2 and clock.sleepers == 1, 10, "the key is not used")
            assert (await desk.keys.refresh()).active != before
            await clock.advance(SETTLE_S)
            await renewing
            done = await desk.rotate()
            assert done.objects == 2
            with pytest.raises(Conflict, match="30 days"):
                await desk.remove_key(before, force=False)
            clock.jump(KEPT_S)
            await desk.remove_key(before, force=False)
            assert (await desk.keys.refresh()).ids == (done.active,)
            async with desk.database.read() as connection:
                rows = (await connection.execute(objects_table.select())).all()
            assert {row.kek_id for row in rows} == {done.active}

    asyncio.run(work())
