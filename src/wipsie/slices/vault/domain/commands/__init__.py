"""Commands, as people type them in five languages."""

from __future__ import annotations

from wipsie.slices.vault.domain.commands.command import Command, Incomplete, Verb
from wipsie.slices.vault.domain.commands.reading import read_command

__all__ = ["Command", "Incomplete", "Verb", "read_command"]
