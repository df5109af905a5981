"""The digest of a day: what a daily summary says, made of plain facts. Pure: the same facts make the same digest.

facts ──► counting ─► attention ─► highlights ─► attendance ─► headline ──► content, sealed with its hash
"""

from __future__ import annotations
