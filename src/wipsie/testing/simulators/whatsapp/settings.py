"""What a simulated business account is, how it behaves where the real one is not specified, and how much it may hold."""

from __future__ import annotations

from typing import Literal

import msgspec

DAY_S = 24 * 60 * 60

MEDIA_BYTES_MAX = 100 * 1024 * 1024
"""One file, in either direction."""

RETRY_GAPS_S: tuple[float, ...] = (0, 5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200)
"""Seconds between the attempts at one webhook; the last one repeats. At once first, then ever more rarely."""


class Account(msgspec.Struct, kw_only=True):
    """The business side: who it is and what it shares with the application under test. May be changed while it runs."""

    app_secret: str = "simulator-app-secret"
    verify_token: str = "simulator-verify-token"
    access_token: str = "simulator-access-token"
    phone_number_id: str = "420000000000088"
    account_id: str = "310000000000077"
    """`entry[].id` of every webhook."""
    display_number: str = "15550177000"
    name: str = "Example Practice"
    callback_url: str | None = None
    token_expired: bool = False


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """Choices. Each default is documented or at least observed; `fidelity.py` tells which."""

    sent_after_s: float = 0.0
    """From the call until the status `sent`; of the simulator's clock, as everything here."""
    delivered_after_s: float = 0.0
    """From `sent` until the phone has it, when it is on."""
    throughput_per_s: int | None = 80
    """Messages in and out per second and number; None: no limit."""
    pair_interval_s: float = 6.0
    pair_burst: int | None = 45
    """Messages to one user at once; one more each `pair_interval_s`. None: no limit."""
    window_s: float = DAY_S
    window_error: Literal["status", "response"] = "status"
    """How a message outside of the window is refused: accepted and then `failed`, or at once."""
    failed_contacts: Literal["none", "number"] = "none"
    """What `contacts` of a `failed` status holds: the key is absent, or it has the number and nothing else."""
    lookup_sha256: Literal["hex", "base64"] = "hex"
    file_size: Literal["string", "number"] = "string"
    media_url_in_webhook: bool = True
    media_url_s: float = 300.0
    incoming_media_s: float = 7 * DAY_S
    uploaded_media_s: float = 30 * DAY_S
    requires_user_agent: bool = True
    """Downloads without a User-Agent are refused."""
    message_life_s: float = 30 * DAY_S
    """A phone that stays off longer never gets a message, and nothing is said about it."""
    typing_s: float = 25.0
    free_service_messages: int = 1000
    """Free-form messages a month that cost nothing."""
    allowed_recipients: tuple[str, ...] | None = None
    """Numbers a test number may write to; None: any."""
    verify_first: bool = True
    """The callback must answer a verification before anything is delivered to it."""
    retry_gaps_s: tuple[float, ...] = RETRY_GAPS_S
    retry_for_s: float = 7 * DAY_S
    webhook_timeout_s: float = 10.0
    """Real seconds: how long a receiver may take to answer."""
    webhook_concurrency: int = 8
    remote_callback: bool = False
    """Allow a callback that is not on this machine."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing grows without end, however long it runs and whoever drives it."""

    phones: int = 50
    bubbles: int = 500
    """Per phone; the oldest go first."""
    log_entries: int = 2000
    log_body_bytes: int = 32 * 1024 * 1024
    """Of the bodies kept in the log, together; entries whose body is gone stay."""
    updates: int = 20_000
    """That wait to be put into a webhook."""
    deliveries: int = 20_000
    delivery_bytes: int = 128 * 1024 * 1024
    faults: int = 100
    templates: int = 100
    media: int = 5000
    file_bytes: int = MEDIA_BYTES_MAX
    media_bytes: int = 2 * 1024 * 1024 * 1024
    sent_messages: int = 20_000
    """Whose statuses and buttons are remembered."""
    live_streams: int = 20
    json_bytes: int = 1024 * 1024


WEBHOOK_BYTES_MAX = 3 * 1024 * 1024
WEBHOOK_UPDATES_MAX = 1000
