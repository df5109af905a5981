"""The text people agree to has a version: whoever agreed to an older one is asked again."""

from __future__ import annotations

from typing import Final

CONSENT_VERSION: Final = 1
"""One more whenever the welcome or the privacy text says something else, in any language."""
