"""The Graph API of WhatsApp, or whatever the operator has put in its place: messages, receipts, and files both ways."""

from __future__ import annotations

from wipsie.slices.vault.gateways.graph.client import GraphClient
from wipsie.slices.vault.gateways.graph.downloading import Download
from wipsie.slices.vault.gateways.graph.failures import (
    FileTooLarge,
    GraphFailure,
    GraphRefused,
    GraphUnreachable,
    PlaceRefused,
)
from wipsie.slices.vault.gateways.graph.settings import GraphSettings
from wipsie.slices.vault.gateways.graph.uploading import FileToUpload

__all__ = [
    "Download",
    "FileToUpload",
    "FileTooLarge",
    "GraphClient",
    "GraphFailure",
    "GraphRefused",
    "GraphSettings",
    "GraphUnreachable",
    "PlaceRefused",
]
