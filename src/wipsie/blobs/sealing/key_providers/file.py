"""Keys in a file that its owner alone may read: made once, added to by rotation, and never written over in part.

<64 hex digits>     the key in use
<64 hex digits>     those before it, newest first
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import secrets
import stat
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path

from wipsie.blobs.sealing.errors import KeyMissing
from wipsie.blobs.sealing.key_providers.given import read_keys
from wipsie.blobs.sealing.key_ring import KEY_BYTES, KeyRing, key_id
from wipsie.kernel.errors import ConfigurationError, Conflict, NotFound

_FILE_BYTES_MAX = 65_536


class KeyFile:
    """One file. Of processes that make it, or add to it, at one moment, each sees a whole file, and nobody's key is lost."""

    def __init__(self, path: Path, *, is_first_use: Callable[[], Awaitable[bool]] | None = None) -> None:
        """`is_first_use` is asked when there is no file: whether nothing was sealed yet. Without it a missing file is always made,
        and a lost one replaced by a key that opens nothing of what there is."""
        self._path = path
        self._is_first_use = is_first_use

    async def load(self) -> KeyRing:
        """KeyMissing when there is no file and something was sealed already, or the file cannot be read; ConfigurationError when
        others may read it, or it holds something else."""
        try:
            return await asyncio.to_thread(self._read)
        except FileNotFoundError:
            if self._is_first_use is not None and not await self._is_first_use():
                raise KeyMissing(
                    f"The key file {self._path} is not there, and something was sealed with it: bring it back from its copy."
                ) from None
        return await asyncio.to_thread(self._make_and_read)

    async def add(self, *, in_use: bool = True) -> str:
        """Make a key; its id. It is used from now on, or with `in_use=False` held only, until `use`: processes that look at the file once
        in a while all have it by then, and none meets what it cannot open. Conflict when another process changes the file."""
        made = secrets.token_bytes(KEY_BYTES)
        await asyncio.to_thread(self._change, lambda keys: [made, *keys] if in_use else [keys[0], made, *keys[1:]])
        return key_id(made)

    async def use(self, kek_id: str) -> None:
        """Seal what is new with this key from now on. NotFound; Conflict when another process changes the file."""

        def first(keys: list[bytes]) -> list[bytes]:
            chosen = [key for key in keys if key_id(key) == kek_id]
            if not chosen:
                raise NotFound(f"The key file has no key {kek_id}.")
            return [*chosen, *(key for key in keys if key not in chosen)]

        await asyncio.to_thread(self._change, first)

    async def remove(self, kek_id: str) -> None:
        """Forget a key: what is still sealed with it is lost, in every backup too. NotFound; Conflict for the key in use, and when
        another process changes the file. The disk may keep what stood there: an old key is gone for certain with its disk only."""

        def without(keys: list[bytes]) -> list[bytes]:
            if key_id(keys[0]) == kek_id:
                raise Conflict("The key in use cannot be removed; add another one first.")
            left = [key for key in keys if key_id(key) != kek_id]
            if len(left) == len(keys):
                raise NotFound(f"The key file has no key {kek_id}.")
            return left

        await asyncio.to_thread(self._change, without)

    def _read(self) -> KeyRing:
        return KeyRing(self._read_keys())

    def _read_keys(self) -> list[bytes]:
        try:
            with self._path.open("rb") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise ConfigurationError(
                        f"Others may read the key file {self._path}; run: chmod 600 {self._path}",
                        details={"path": str(self._path)},
                    )
                text = file.read(_FILE_BYTES_MAX).decode("ascii", "replace")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise KeyMissing(
                f"The key file {self._path} cannot be read: {error.strerror or error}.",
                details={"path": str(self._path)},
            ) from None
        keys = read_keys(text)
        if not keys:
            raise ConfigurationError(f"The key file {self._path} is empty; bring it back from its copy.")
        return keys

    def _make_and_read(self) -> KeyRing:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Never over a file that another process made meanwhile.
            with contextlib.suppress(FileExistsError):
                self._write([secrets.token_bytes(KEY_BYTES)], os.link)
            return self._read()
        except OSError as error:
            raise KeyMissing(f"The key file {self._path} cannot be made: {error.strerror or error}.") from None

    def _change(self, change: Callable[[list[bytes]], list[bytes]]) -> None:
        try:
            with self._locked():
                keys = change(self._read_keys())
                # Never a file that nobody can load.
                KeyRing(keys)
                self._write(keys, os.replace)
        except FileNotFoundError:
            raise KeyMissing(f"The key file {self._path} is not there.") from None
        except BlockingIOError:
            raise Conflict("Another process is changing the key file; try again.") from None
        except OSError as error:
            raise KeyMissing(f"The key file {self._path} cannot be written: {error.strerror or error}.") from None

    @contextlib.contextmanager
    def _locked(self) -> Generator[None]:
        """Held by one process at a time; the kernel lets go when it dies."""
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(folder)

    def _write(self, keys: list[bytes], place: Callable[[Path, Path], None]) -> None:
        fresh = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.writelines(f"{key.hex()}\n" for key in keys)
                file.flush()
                os.fsync(file.fileno())
            place(fresh, self._path)
        finally:
            fresh.unlink(missing_ok=True)
        # The name is on the disk before anything is sealed with the key.
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
