"""What people see behind a link: a page that asks, the pages of a report, and one for links that open nothing."""

from __future__ import annotations

from wipsie.slices.vault.domain.link_page.asking import ask_page, refused_page
from wipsie.slices.vault.domain.link_page.frame import POLICY
from wipsie.slices.vault.domain.link_page.looking import Note, PageView, look_page

__all__ = ["POLICY", "Note", "PageView", "ask_page", "look_page", "refused_page"]
