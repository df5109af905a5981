"""All phones of a simulator, found by key, number or user id."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wipsie.testing.simulators.whatsapp.phones.identity import Identity
from wipsie.testing.simulators.whatsapp.phones.line import Line
from wipsie.testing.simulators.whatsapp.phones.numbers import check_number
from wipsie.testing.simulators.whatsapp.phones.phone import Phone

_FIRST_NUMBER = 15_550_100_123


class Phones:
    """``simulator.phones``."""

    def __init__(self, line: Line, *, limit: int, bubbles: int, changed: Callable[[], None]) -> None:
        self._line = line
        self._limit = limit
        self._bubbles = bubbles
        self._changed = changed
        self._phones: dict[str, Phone] = {}
        self._number = 0

    def __iter__(self) -> Iterator[Phone]:
        return iter(list(self._phones.values()))

    def __len__(self) -> int:
        return len(self._phones)

    def __getitem__(self, key: str) -> Phone:
        return self._phones[key]

    def get(self, key: str) -> Phone | None:
        return self._phones.get(key)

    def add(
        self,
        name: str = "Asha Example",
        *,
        number: str | None = None,
        username: str | None = None,
        country: str = "IN",
        read_receipts: bool = True,
        in_contact_book: bool = False,
    ) -> Phone:
        """A new user. Without `number` it gets an invented one; with `username` the business learns only the user id.
        ValueError when the number is taken or there are too many."""
        if len(self._phones) >= self._limit:
            raise ValueError(f"There are {self._limit} phones already.")
        if not 1 <= len(name) <= 100:
            raise ValueError("A name has 1 to 100 characters.")
        if len(country) != 2 or not country.isalpha() or not country.isascii():
            raise ValueError("country is a code of two letters, for example IN.")
        checked = check_number(number) if number is not None else self._free_number()
        if self.with_number(checked) is not None or checked == self._line.business_number:
            raise ValueError(f"The number {checked} is taken.")
        self._number += 1
        key = f"p{self._number}"
        identity = Identity(
            name=name,
            number=checked,
            user_id=self._line.new_user_id(country),
            country=country.upper(),
            in_contact_book=in_contact_book,
        )
        phone = Phone(key, identity, self._line, bubbles=self._bubbles, read_receipts=read_receipts)
        if username is not None:
            phone.take_username(username)
        self._phones[key] = phone
        self._changed()
        return phone

    def with_number(self, number: str) -> Phone | None:
        return next((phone for phone in self._phones.values() if phone.number == number), None)

    def with_user_id(self, user_id: str) -> Phone | None:
        return next((phone for phone in self._phones.values() if phone.user_id == user_id), None)

    def _free_number(self) -> str:
        number = _FIRST_NUMBER
        while self.with_number(str(number)) is not None:
            number += 1
        return str(number)
