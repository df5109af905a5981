"""Where keys come from: a setting, a file that is made once and kept, a key service."""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sealed_form import KEK, OLD_KEK

from wipsie.blobs.sealing import GivenKeys, KeyFile, KeyMissing, KeyRing, ServiceKeys, make_service_key
from wipsie.kernel.errors import ConfigurationError, Conflict, NotFound


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_given_keys_are_read_from_a_setting_the_first_in_use() -> None:
    loaded = await GivenKeys.from_text(f" {OLD_KEK.hex()},\n{KEK.hex()} ").load()
    assert loaded.ids == KeyRing([OLD_KEK, KEK]).ids


async def test_no_given_key_is_stand_by_and_no_mistake() -> None:
    with pytest.raises(KeyMissing):
        await GivenKeys.from_text(" ").load()


@pytest.mark.parametrize("text", ["hello", KEK.hex()[:-1], KEK.hex()[:-2], "0" * 64, KEK.hex() + KEK.hex()])
def test_a_setting_that_holds_no_keys_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        GivenKeys.from_text(text)
    assert text not in str(refusal.value)


async def test_a_key_file_is_made_at_the_first_use_for_its_owner_alone_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "vault.keys"
    ring = await KeyFile(path).load()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (await KeyFile(path).load()).ids == ring.ids
    assert names(path.parent) == ["vault.keys"]


def test_of_many_who_make_the_file_at_one_moment_all_get_the_same_key(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def load(_: int) -> str:
        together.wait(10)
        return asyncio.run(KeyFile(tmp_path / "keys").load()).active

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(load, range(8)))) == 1


async def test_a_lost_key_file_is_not_replaced_when_something_was_sealed(tmp_path: Path) -> None:
    async def is_first_use() -> bool:
        return False

    path = tmp_path / "keys"
    with pytest.raises(KeyMissing, match="bring it back"):
        await KeyFile(path, is_first_use=is_first_use).load()
    assert not path.exists()


async def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    await KeyFile(path).load()
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        await KeyFile(path).load()


@pytest.mark.parametrize("content", ["", "\n", "not hex\n", "ab" * 31])
async def test_a_key_file_that_holds_something_else_is_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError):
        await KeyFile(path).load()
    with pytest.raises(ConfigurationError):
        await KeyFile(path).add()
    assert path.read_text() == content


async def test_a_key_file_in_a_place_that_cannot_be_written_is_stand_by(tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("")
    with pytest.raises(KeyMissing):
        await KeyFile(tmp_path / "in the way" / "keys").load()


async def test_a_key_that_is_added_is_in_use_and_the_old_one_still_reads(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys")
    old = (await file.load()).active
    new = await file.add()
    assert (await file.load()).ids == (new, old)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600


async def test_a_key_that_is_added_for_later_opens_at_once_and_seals_from_its_use_on(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys")
    first = (await file.load()).active
    second = await file.add()
    third = await file.add(in_use=False)
    assert (await file.load()).ids == (second, third, first)
    await file.use(third)
    assert (await file.load()).ids == (third, second, first)
    await file.use(third)
    with pytest.raises(NotFound):
        await file.use("0" * 16)
    assert (await file.load()).ids == (third, second, first)


async def test_an_old_key_is_removed_and_the_one_in_use_is_not(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys")
    old = (await file.load()).active
    new = await file.add()
    with pytest.raises(Conflict):
        await file.remove(new)
    with pytest.raises(NotFound):
        await file.remove("0" * 16)
    await file.remove(old)
    assert (await file.load()).ids == (new,)


async def test_while_one_process_changes_the_file_another_is_told_to_wait(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys")
    before = (await file.load()).ids
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with pytest.raises(Conflict, match="try again"):
        await file.add()
    os.close(folder)
    assert (await file.load()).ids == before


async def test_a_key_cannot_be_added_to_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing):
        await KeyFile(tmp_path / "keys").add()
    assert not names(tmp_path)


class Service:
    """A key service in this process: AES-GCM-SIV with a key it does not show, bound to its context."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

        self._cipher = AESGCMSIV(os.urandom(32))
        self.is_open = True

    async def encrypt(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, plaintext, repr(sorted(context.items())).encode())

    async def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        if not self.is_open:
            raise KeyMissing("The key service refuses.")
        return self._cipher.decrypt(ciphertext[:12], ciphertext[12:], repr(sorted(context.items())).encode())


async def test_keys_behind_a_service_are_decrypted_by_it_and_rotate(ring: KeyRing) -> None:
    service = Service()
    first = await make_service_key(service)
    before = await ServiceKeys(service, [first]).load()
    wrapped = before.wrap(b"\x01" * 32, "rep_1")
    after = await ServiceKeys(service, [await make_service_key(service), first]).load()
    assert after.ids[1:] == before.ids
    assert after.rewrap(wrapped, "rep_1").kek_id == after.active
    assert after.unwrap(wrapped, "rep_1") == b"\x01" * 32


async def test_a_service_that_refuses_is_stand_by() -> None:
    service = Service()
    keys = ServiceKeys(service, [await make_service_key(service)])
    service.is_open = False
    with pytest.raises(KeyMissing):
        await keys.load()
    with pytest.raises(KeyMissing):
        await ServiceKeys(service, []).load()
