"""Taking the port: before anything else starts, so that a taken one costs nothing and changes nothing."""

from __future__ import annotations

import errno
import ipaddress
import socket
from dataclasses import dataclass

from wipsie.kernel.errors import ConfigurationError

BACKLOG = 2048


@dataclass(frozen=True)
class Listener:
    """A listening socket and the address people reach it by."""

    socket: socket.socket
    host: str
    port: int
    is_loopback: bool

    @property
    def url(self) -> str:
        """For example ``http://127.0.0.1:8000``."""
        return url_of(self.host, self.port)

    def close(self) -> None:
        self.socket.close()


def url_of(host: str, port: int) -> str:
    """The URL a client on this machine uses for a server bound to `host`."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def open_listener(host: str, port: int, setting: str = "API_PORT", host_setting: str = "API_HOST") -> Listener:
    """Bind and listen. ConfigurationError, one sentence that names the `setting` of the port or that of the host, when the address
    is unknown or taken. Clients that come early wait until the server accepts them."""
    family, address = _resolve(host, port, host_setting)
    is_loopback = ipaddress.ip_address(address[0].partition("%")[0]).is_loopback
    # Named TCP: asyncio's own loop sends small answers at once for those alone.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        # At once, not later: two that are only bound do not notice each other.
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise _refused(host, port, error, setting, host_setting) from None
    return Listener(listening, host, listening.getsockname()[1], is_loopback)


def is_taken(host: str, port: int) -> bool:
    """Whether somebody listens on the port now."""
    try:
        with socket.create_connection((host if host != "0.0.0.0" else "127.0.0.1", port), timeout=1.0):
            return True
    except OSError:
        return False


def _resolve(host: str, port: int, setting: str) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ConfigurationError(
            f"{setting} is '{host}', which is no address of this machine ({error.strerror or error}).",
            details={"setting": setting, "value": host},
        ) from None
    # IPv4 first: "localhost" means 127.0.0.1 to most clients.
    family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, (str(address[0]), port)


def _refused(host: str, port: int, error: OSError, setting: str, host_setting: str) -> ConfigurationError:
    details = {"setting": setting, "host": host, "port": port}
    if error.errno == errno.EADDRINUSE:
        return ConfigurationError(
            f"Port {port} on {host} is taken; stop the program that uses it, or choose another with {setting} "
            f"(for example {setting}={port + 1 if port < 65535 else 8000}).",
            details=details,
        )
    if error.errno == errno.EACCES:
        return ConfigurationError(
            f"Port {port} needs special rights; choose one above 1023 with {setting}, or give Wipsie the right "
            "(in a systemd unit: AmbientCapabilities=CAP_NET_BIND_SERVICE).",
            details=details,
        )
    return ConfigurationError(
        f"Cannot listen on {host}:{port} ({error.strerror or error}); check {host_setting} and {setting}.",
        details=details,
    )
