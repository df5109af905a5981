"""The description of the API as a file: the same whatever this machine is set to."""

from __future__ import annotations

import json

from wipsie.app.application import Application
from wipsie.app.parts import build_parts
from wipsie.app.settings import Settings


def openapi_document() -> str:
    """OpenAPI 3.1 as indented JSON with sorted keys and a newline at its end."""
    schema = Application(build_parts(Settings.read({})), ("api",)).build_api().openapi()
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
