"""A person becomes somebody else to the business: another name, number or user id, the app installed anew."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from wipsie.testing.simulators.whatsapp.phones.handset import Handset
from wipsie.testing.simulators.whatsapp.phones.numbers import check_number
from wipsie.testing.simulators.whatsapp.phones.system_events import (
    identity_changed,
    number_changed,
    number_changed_before_user_ids,
    user_id_changed,
)

_USERNAME = re.compile(r"[a-z0-9._]{3,35}")


class Moving(Handset):
    """The chat on the phone stays; the business is told as much as it may know."""

    def take_username(self, username: str | None) -> None:
        """From now on the number is hidden, but for those who know it; None gives the name back."""
        if username is not None and _USERNAME.fullmatch(username) is None:
            raise ValueError("A username has 3 to 35 of a-z, 0-9, dot and underscore.")
        self.identity.username = username
        self._line.changed(self.key)

    async def change_number(self, number: str, *, older_form: bool = False) -> None:
        """Move to a new number: the user id is a new one too. `older_form`: as it was told before user ids."""
        before, now_ms = self.identity, self._line.clock.now_ms()
        self.identity = msgspec.structs.replace(
            before, number=check_number(number), user_id=self._line.new_user_id(before.country)
        )
        if before.number_at(now_ms) is None:
            # A business that does not know the number learns only that the user id is another.
            self._tell(user_id_changed(before, self.identity))
        elif older_form:
            self._tell(number_changed_before_user_ids(before, self.identity))
        else:
            self._tell(number_changed(before, self.identity))

    async def change_user_id(self) -> None:
        """The user id alone becomes another one."""
        before = self.identity
        self.identity = msgspec.structs.replace(before, user_id=self._line.new_user_id(before.country))
        self._tell(user_id_changed(before, self.identity))

    async def reinstall(self, key_hash: str = "DF2lS5v2W6x=") -> None:
        """Install the app anew: the keys of the chat are others, and the business is told so."""
        self._tell(identity_changed(self.identity, key_hash, now_ms=self._line.clock.now_ms()), with_sender=True)

    def _tell(self, node: dict[str, Any], *, with_sender: bool = False) -> None:
        named = {**node, "id": self._line.new_message_id(self.identity)}
        self._line.message(self.key, self.identity, named, is_system=not with_sender)
        self._line.changed(self.key)
