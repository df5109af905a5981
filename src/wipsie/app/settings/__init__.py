"""Settings by room, read from the environment and `.env`; nothing outside of `wipsie.app` reads them there."""

from __future__ import annotations

from wipsie.app.settings.load import environment, load_settings
from wipsie.app.settings.settings import Settings

__all__ = ["Settings", "environment", "load_settings"]
