"""Everything that can be made to go wrong: a few at a time, or until it is taken back.

Each fault waits until something it fits comes by, passes over the first `skip` of those, and then happens `times` times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

WebhookKind = Literal[
    "duplicate",
    "bad_signature",
    "reset_webhook",
    "latency",
    "reorder",
    "batch",
]
StatusKind = Literal["skip_delivered", "late_status", "fail_later"]
MediaKind = Literal["wrong_hash", "wrong_size"]
GraphKind = Literal["error", "http_error", "reset", "lost_answer", "slow"]
DownloadKind = Literal["truncated", "corrupted", "endless"]
Kind = Literal[WebhookKind, StatusKind, MediaKind, GraphKind, DownloadKind]
Route = Literal["any", "messages", "receipts", "upload", "lookup", "delete", "download"]
Signature = Literal["wrong", "missing", "short", "other_bytes"]
ResetMoment = Literal["before", "after"]
StatusName = Literal["sent", "delivered", "read", "played"]


class Meaning(msgspec.Struct, frozen=True):
    """What a kind does, and which fields of a fault count for it beside `times` and `skip`."""

    words: str
    fields: tuple[str, ...] = ()


_CALLS = ("route", "to")
MEANINGS: dict[str, Meaning] = {
    "duplicate": Meaning(
        "A webhook comes several times: the same bytes, some seconds later or at the same moment; with both, one copy at the same "
        "moment and the others later.",
        ("count", "seconds", "together"),
    ),
    "bad_signature": Meaning(
        "An attempt carries a signature that is wrong, missing, short, or over other bytes; the next is right.",
        ("signature",),
    ),
    "reset_webhook": Meaning(
        "The connection of an attempt is reset before the body ended, or after it, before the answer is read.",
        ("moment",),
    ),
    "latency": Meaning("A webhook leaves late, and others overtake it.", ("seconds",)),
    "reorder": Meaning(
        "Updates are gathered, for some seconds at most, and leave one by one in another order.",
        ("count", "seconds"),
    ),
    "batch": Meaning("Updates are gathered, for some seconds at most, and leave in one body.", ("count", "seconds")),
    "skip_delivered": Meaning("The status delivered is not told; read may come without it.", ("to",)),
    "late_status": Meaning("A status leaves late, with the time it happened at.", ("status", "seconds")),
    "fail_later": Meaning("A send is accepted and fails afterwards.", ("code", "to")),
    "wrong_hash": Meaning("The next file of a phone is announced with a hash that is not its own."),
    "wrong_size": Meaning("The next file of a phone is announced with a size that is not its own."),
    "error": Meaning(
        "The Graph side answers an error, with another HTTP status or waiting time than usual if given.",
        ("code", *_CALLS, "status_code", "retry_after_s"),
    ),
    "http_error": Meaning(
        "The Graph side answers an HTTP status and a page that is not JSON.", ("status_code", *_CALLS)
    ),
    "reset": Meaning("The connection is reset and nothing was done.", _CALLS),
    "lost_answer": Meaning(
        "It is done, and the connection is reset before the answer: nobody knows how it ended.", _CALLS
    ),
    "slow": Meaning(
        "The answer takes some seconds of the simulator's clock; of a download, each 64 KiB do.", ("seconds", *_CALLS)
    ),
    "truncated": Meaning("The bytes of a download end early, and the connection with them."),
    "corrupted": Meaning("One byte of a download is another."),
    "endless": Meaning("The bytes of a download are followed by others, without end."),
}


class Fault(msgspec.Struct, kw_only=True):
    """One fault. Which of the fields count, its meaning says."""

    kind: Kind
    id: str = ""
    times: int | None = 1
    """How often; None: until it is removed."""
    skip: int = 0
    route: Route = "any"
    """Of faults of the Graph side: which calls."""
    to: str | None = None
    """Only what concerns this user, by number or user id."""
    code: int | None = None
    subcode: int | None = None
    status_code: int | None = None
    retry_after_s: int | None = None
    details: str | None = None
    seconds: float = 0.0
    count: int = 1
    together: bool = False
    signature: Signature = "wrong"
    moment: ResetMoment = "before"
    status: StatusName = "delivered"
    used: int = 0


class TooManyFaults(ValueError):
    """The list is full; remove some."""


SECONDS_MAX = 30 * 24 * 3600
COUNT_MAX = 1000
COPIES_MAX = 10


class Faults:
    """The list of those that wait. Methods make the usual ones; each returns the fault, to be removed by its id."""

    def __init__(self, *, limit: int, changed: Callable[[], None] = lambda: None) -> None:
        self._waiting: list[Fault] = []
        self._limit = limit
        self._number = 0
        self._changed = changed

    @property
    def waiting(self) -> list[Fault]:
        return list(self._waiting)

    def add(self, fault: Fault) -> Fault:
        """Let it wait. ValueError when its fields make no sense; TooManyFaults."""
        if fault.kind not in MEANINGS:
            raise ValueError(f"There is no fault {fault.kind!r}; there are {', '.join(sorted(MEANINGS))}.")
        if not (0 <= fault.seconds <= SECONDS_MAX and 1 <= fault.count <= COUNT_MAX and fault.skip >= 0):
            raise ValueError(f"seconds must be 0 to {SECONDS_MAX}, count 1 to {COUNT_MAX}, skip not negative.")
        if fault.times is not None and fault.times < 1:
            raise ValueError("times must be at least 1, or null for as long as it stands.")
        if fault.kind in ("error", "fail_later") and fault.code is None:
            raise ValueError(f"{fault.kind} needs a code.")
        if fault.kind == "http_error" and fault.status_code is None:
            raise ValueError("http_error needs a status_code.")
        if fault.kind == "duplicate" and fault.count > COPIES_MAX:
            raise ValueError(f"At most {COPIES_MAX} copies of a webhook are sent.")
        if len(self._waiting) >= self._limit:
            raise TooManyFaults(f"At most {self._limit} faults wait at a time; remove some.")
        self._number += 1
        fault.id = f"fault-{self._number}"
        fault.used = 0
        self._waiting.append(fault)
        self._changed()
        return fault

    def remove(self, fault_id: str) -> bool:
        """Whether it was there."""
        before = len(self._waiting)
        self._waiting = [fault for fault in self._waiting if fault.id != fault_id]
        self._changed()
        return len(self._waiting) < before

    def clear(self) -> None:
        """All is well again."""
        self._waiting.clear()
        self._changed()

    def peek(self, *kinds: Kind) -> Fault | None:
        """The first that waits, of these kinds."""
        return next((fault for fault in self._waiting if fault.kind in kinds), None)

    def take(self, *kinds: Kind, route: Route = "any", users: tuple[str | None, ...] = ()) -> Fault | None:
        """The first of these kinds that happens now, and counts as happened. `users`: ids and number of whom it concerns."""
        for fault in self._waiting:
            if fault.kind not in kinds or fault.route not in ("any", route):
                continue
            if fault.to is not None and fault.to.removeprefix("+") not in users:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            self.spend(fault)
            return fault
        return None

    def spend(self, fault: Fault) -> None:
        """It happened once."""
        fault.used += 1
        if fault.times is not None and fault.used >= fault.times and fault in self._waiting:
            self._waiting.remove(fault)
        self._changed()

    # Webhooks.

    def duplicate(
        self, *, copies: int = 1, after_s: float = 0.0, together: bool = False, times: int | None = 1
    ) -> Fault:
        """The next webhooks come `copies` times more, bytes and signature the same. `together` with `after_s`: one at the same
        moment, the others later."""
        return self.add(Fault(kind="duplicate", count=copies, seconds=after_s, together=together, times=times))

    def bad_signature(self, signature: Signature = "wrong", *, times: int | None = 1) -> Fault:
        """The next attempts cannot be trusted; those after them are right again."""
        return self.add(Fault(kind="bad_signature", signature=signature, times=times))

    def reset_webhook(self, moment: ResetMoment = "before", *, times: int | None = 1) -> Fault:
        """The connection breaks: `before` the receiver has the body, or `after`."""
        return self.add(Fault(kind="reset_webhook", moment=moment, times=times))

    def latency(self, seconds: float, *, times: int | None = 1) -> Fault:
        """The next webhooks leave late."""
        return self.add(Fault(kind="latency", seconds=seconds, times=times))

    def reorder(self, count: int, *, within_s: float = 60.0, times: int | None = 1) -> Fault:
        """The next `count` updates leave in another order, each on its own."""
        return self.add(Fault(kind="reorder", count=count, seconds=within_s, times=times))

    def batch(self, count: int = COUNT_MAX, *, within_s: float = 1.0, times: int | None = 1) -> Fault:
        """The next `count` updates leave in one body, messages and statuses together."""
        return self.add(Fault(kind="batch", count=count, seconds=within_s, times=times))

    # Statuses.

    def skip_delivered(self, *, to: str | None = None, times: int | None = 1) -> Fault:
        """`delivered` of the next messages is not told."""
        return self.add(Fault(kind="skip_delivered", to=to, times=times))

    def late_status(self, status: StatusName, seconds: float, *, times: int | None = 1) -> Fault:
        """The next `status` leaves late."""
        return self.add(Fault(kind="late_status", status=status, seconds=seconds, times=times))

    def fail_later(
        self, code: int, *, to: str | None = None, details: str | None = None, times: int | None = 1
    ) -> Fault:
        """The next sends are accepted and fail."""
        return self.add(Fault(kind="fail_later", code=code, to=to, details=details, times=times))

    # The Graph side.

    def error(
        self,
        code: int,
        *,
        route: Route = "any",
        to: str | None = None,
        subcode: int | None = None,
        status_code: int | None = None,
        retry_after_s: int | None = None,
        details: str | None = None,
        times: int | None = 1,
    ) -> Fault:
        """The next calls are answered with an error of Meta's form; its HTTP status is the usual one unless given."""
        return self.add(
            Fault(
                kind="error",
                code=code,
                route=route,
                to=to,
                subcode=subcode,
                status_code=status_code,
                retry_after_s=retry_after_s,
                details=details,
                times=times,
            )
        )

    def http_error(self, status_code: int, *, route: Route = "any", times: int | None = 1) -> Fault:
        """The next calls are answered by something before the API: a status and a page."""
        return self.add(Fault(kind="http_error", status_code=status_code, route=route, times=times))

    def reset(self, *, route: Route = "any", times: int | None = 1) -> Fault:
        """The next calls break off and do nothing."""
        return self.add(Fault(kind="reset", route=route, times=times))

    def lost_answer(self, *, route: Route = "messages", times: int | None = 1) -> Fault:
        """The next calls are carried out, and their answers are lost."""
        return self.add(Fault(kind="lost_answer", route=route, times=times))

    def slow(self, seconds: float, *, route: Route = "any", times: int | None = 1) -> Fault:
        """The next calls take long, by the simulator's clock."""
        return self.add(Fault(kind="slow", seconds=seconds, route=route, times=times))

    # Files.

    def wrong_hash(self, *, times: int | None = 1) -> Fault:
        """The next files of phones are announced with another hash."""
        return self.add(Fault(kind="wrong_hash", times=times))

    def wrong_size(self, *, times: int | None = 1) -> Fault:
        """The next files of phones are announced with another size."""
        return self.add(Fault(kind="wrong_size", times=times))

    def truncated(self, *, times: int | None = 1) -> Fault:
        """The next downloads end early."""
        return self.add(Fault(kind="truncated", route="download", times=times))

    def corrupted(self, *, times: int | None = 1) -> Fault:
        """The next downloads bring other bytes."""
        return self.add(Fault(kind="corrupted", route="download", times=times))

    def endless(self, *, times: int | None = 1) -> Fault:
        """The next downloads do not end."""
        return self.add(Fault(kind="endless", route="download", times=times))


def as_markdown() -> str:
    """All kinds as a table, for the documentation."""
    rows = [
        f"| `{kind}` | {meaning.words} | {', '.join(f'`{name}`' for name in meaning.fields)} |"
        for kind, meaning in MEANINGS.items()
    ]
    return "\n".join(["| kind | what happens | fields |", "|---|---|---|", *rows]) + "\n"
