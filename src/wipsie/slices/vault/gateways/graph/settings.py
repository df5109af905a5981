"""Where the Graph API is, and the limits of a call."""

from __future__ import annotations

import msgspec

from wipsie import __version__
from wipsie.kernel.limits import MIB

META = "https://graph.facebook.com"


class GraphSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Times are real seconds. A send takes less than its claim, see `SEND_CLAIM_S`."""

    url: str = META
    """Without the version."""
    version: str = "v26.0"
    connect_timeout_s: float = 10.0
    call_timeout_s: float = 30.0
    """Of everything but files: name, connection and the whole answer."""
    file_timeout_s: float = 240.0
    """Of a file, in either direction."""
    stall_timeout_s: float = 20.0
    """How long nothing at all may come."""
    connections_max: int = 32
    idle_s: float = 4.0
    """Shorter than any server keeps a connection that nobody uses: a call on one that has just ended ends unknown."""
    answer_bytes_max: int = MIB
    user_agent: str = f"Wipsie/{__version__}"
    """Some hosts of Meta refuse downloads without one."""
