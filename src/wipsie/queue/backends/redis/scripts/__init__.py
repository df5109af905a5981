"""The scripts that run inside Redis, one file per verb."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import NamedTuple

_SHARED = ("common", "messages", "states")
"""In this order: Lua knows only what stands above."""


class Script(NamedTuple):
    """A script and the name Redis gives it."""

    source: str
    sha: str


class Scripts:
    """All scripts, read once: each verb's file with what all of them share in front."""

    def __init__(self) -> None:
        folder = resources.files(__name__)
        shared = "".join(folder.joinpath(f"{name}.lua").read_text("utf-8") for name in _SHARED)

        def load(verb: str) -> Script:
            source = shared + folder.joinpath(f"{verb}.lua").read_text("utf-8")
            return Script(source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())

        self.adopt = load("adopt")
        self.change_queue = load("change_queue")
        self.change_visibility = load("change_visibility")
        self.counts = load("counts")
        self.create_queue = load("create_queue")
        self.dead_letter = load("dead_letter")
        self.delete = load("delete")
        self.give_up = load("give_up")
        self.list_queues = load("list_queues")
        self.look_for_redrive = load("look_for_redrive")
        self.maintain = load("maintain")
        self.peek = load("peek")
        self.queue_ids = load("queue_ids")
        self.read_note = load("read_note")
        self.receive = load("receive")
        self.redrive = load("redrive")
        self.release_blocked = load("release_blocked")
        self.remove_messages = load("remove_messages")
        self.resolve = load("resolve")
        self.server_time = load("server_time")
        self.send = load("send")
