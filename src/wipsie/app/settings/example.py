"""The text of `.env.example`: every variable with what it does and its default."""

from __future__ import annotations

from wipsie.app.settings.settings import Settings

_HEAD = """\
# Settings of Wipsie. Copy to .env and change what you need; variables of the environment come before this file.
# Every line shows its default. Made by `wipsie settings --example`.
"""


def env_example() -> str:
    """The file, complete."""
    parts = [_HEAD]
    for section in Settings.read({}).sections():
        title = (type(section).__doc__ or "").strip().rstrip(".")
        parts.append(f"\n# ---- {title}\n")
        for _, declared in section.variables():
            parts.append(f"\n# {declared.about} Accepts {declared.accepts}.\n#{declared.name}={declared.default}\n")
    return "".join(parts)
