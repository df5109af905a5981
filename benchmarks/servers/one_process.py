"""How the servers that Wipsie is compared with are served: as quick as uvicorn can, on the port that was given."""

from __future__ import annotations

import sys
from typing import Any, Literal

import uvicorn


def serve_alone(application: Any, *, lifespan: Literal["auto", "off"] = "off") -> None:
    """Serve an ASGI application until ended, on the port of the first argument of the command."""
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        lifespan=lifespan,
    )
