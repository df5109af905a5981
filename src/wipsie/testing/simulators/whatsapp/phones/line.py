"""What a phone needs of the network it is on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from wipsie.testing.simulators.whatsapp.media_store import Medium, StoredFile
from wipsie.testing.simulators.whatsapp.timetable import Timetable
from wipsie.testing.simulators.whatsapp.virtual_clock import VirtualClock

if TYPE_CHECKING:
    from wipsie.testing.simulators.whatsapp.phones.identity import Identity


class Line(Protocol):
    """Fulfilled by the network."""

    @property
    def clock(self) -> VirtualClock: ...

    @property
    def timetable(self) -> Timetable: ...

    @property
    def business_number(self) -> str: ...

    def new_message_id(self, identity: Identity) -> str:
        """For a message of this user."""
        ...

    def new_user_id(self, country: str) -> str: ...

    def store(self, content: bytes | Path) -> StoredFile:
        """Keep a file. FileTooLarge, NoRoom."""
        ...

    def announce(self, file: StoredFile, *, mime_type: str, filename: str | None) -> tuple[Medium, str | None]:
        """Give a file of a user a media id; and the address that its webhook carries, if it carries one."""
        ...

    def message(self, phone_key: str, identity: Identity, node: dict[str, Any], *, is_system: bool = False) -> None:
        """Bring a message to the application. `node` lacks who sent it and when."""
        ...

    def status(self, message_id: str, status: str) -> None:
        """Something happened to a message of the business on this phone."""
        ...

    def switched_on(self, phone_key: str) -> None:
        """Bring what waited for this phone."""
        ...

    def changed(self, phone_key: str) -> None:
        """The page should look again."""
        ...
