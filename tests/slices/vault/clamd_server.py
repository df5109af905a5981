"""A ClamAV daemon of a test: with a single signature, so that it starts at once and needs no updates."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from wipsie.kernel.limits import MIB
from wipsie.testing.servers.programs import SYSTEM_PATH
from wipsie.testing.servers.server_process import ServerProcess

CLAMD = shutil.which("clamd", path=SYSTEM_PATH)
# In two pieces: whoever scans this repository would find it, too.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
STREAM_BYTES_MAX = 2 * MIB
CONFIGURATION = """
Foreground yes
LocalSocket {folder}/clamd.socket
DatabaseDirectory {folder}/database
TemporaryDirectory {folder}
StreamMaxLength {limit}
MaxThreads 2
"""


class ClamdServer:
    """One with a single signature."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "clamd.socket"
        database = folder / "database"
        database.mkdir()
        (database / "test.ndb").write_text(f"Test.Eicar:0:*:{EICAR.hex()}\n")
        configuration = folder / "clamd.conf"
        configuration.write_text(CONFIGURATION.format(folder=folder, limit=STREAM_BYTES_MAX))
        self._process = ServerProcess(
            "clamd",
            [str(CLAMD), "--config-file", str(configuration)],
            folder=folder,
            is_ready=lambda: _answers(self.socket),
        )
        self.start, self.stop = self._process.start, self._process.stop


def _answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(path))
            client.sendall(b"zPING\0")
            return client.recv(16) == b"PONG\0"
    except OSError:
        return False
