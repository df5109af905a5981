"""An Amazon SQS, and an S3, of our own: moto's server in a process of its own. It keeps everything in memory."""

from __future__ import annotations

import importlib.util
import os
import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from wipsie.blobs import BlobStore
from wipsie.testing.ports import HOST, free_port
from wipsie.testing.servers.programs import ServerMissing
from wipsie.testing.servers.server_process import ServerProcess

HOW_TO_GET_IT = "Install it into this environment: pip install 'moto[server]'."
_ANSWER_S_MAX = 1.0
_REGION = "us-east-1"


class MotoServer:
    """One moto server. A stop or a kill loses what it held. Raises ServerMissing when moto is not installed."""

    def __init__(self, directory: Path) -> None:
        """`directory` holds its log."""
        if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
            raise ServerMissing("moto", HOW_TO_GET_IT)
        self.port = free_port()
        self._directory = directory
        self._process = ServerProcess(
            "moto",
            [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", HOST, "-p", str(self.port)],
            folder=directory,
            is_ready=self._answers,
        )

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    @property
    def endpoint_url(self) -> str:
        """What AWS clients take as their endpoint."""
        return f"http://{HOST}:{self.port}"

    def new_bucket(self, prefix: str = "") -> BlobStore:
        """An object store over a bucket of its own, made as an operator would make it."""
        import boto3

        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        bucket = f"wipsie-{os.urandom(4).hex()}"
        aws: Any = boto3  # it makes its clients at run time: there are no types
        client = aws.client("s3", endpoint_url=self.endpoint_url, region_name=_REGION, **keys)
        client.create_bucket(Bucket=bucket)
        client.close()
        config = {"endpoint": self.endpoint_url, "region": _REGION, **keys}
        return BlobStore(f"s3://{bucket}/{prefix}".rstrip("/"), timeout_s=10, config=config)

    def start(self) -> None:
        """Start it, empty, on the same port each time."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._process.start()

    def stop(self) -> None:
        """Stop it; what it held is gone."""
        self._process.stop()

    def kill(self) -> None:
        """kill -9; what it held is gone."""
        self._process.kill()

    def _answers(self) -> bool:
        connection = HTTPConnection(HOST, self.port, timeout=_ANSWER_S_MAX)
        try:
            connection.request("GET", "/moto-api/data.json")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
