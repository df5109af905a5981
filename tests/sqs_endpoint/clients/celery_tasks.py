"""Tasks for a real worker of Celery's. Each writes into a file what becomes of it, for the test to read.

`celery -A celery_tasks worker`. BROKER_URL and CELERY_SETTINGS (a literal) configure it; TOLD names the file, MAY_END a file whose
presence lets the task `held` end.
"""

from __future__ import annotations

import ast
import json
import os
import time
from pathlib import Path
from typing import Any

from celery import Celery

app: Any = Celery("celery_tasks", broker=os.environ["BROKER_URL"])
told = Path(os.environ["TOLD"])
app.conf.update(ast.literal_eval(os.environ["CELERY_SETTINGS"]))
HELD_S_MAX = 60.0
MOMENT_S = 0.02


def tell(what: str, word: str) -> None:
    line = json.dumps({"what": what, "word": word, "at": time.time()}) + "\n"
    with told.open("a", encoding="utf-8") as file:
        file.write(line)


@app.task(name="note")
def note(word: str) -> None:
    """Done at once."""
    tell("noted", word)


@app.task(name="retried", bind=True)
def retried(self: Any, word: str) -> None:
    """Asks to be tried again until the third time."""
    tell(f"try {self.request.retries + 1}", word)
    if self.request.retries < 2:
        raise self.retry(countdown=1)


@app.task(name="held", acks_late=True)
def held(word: str) -> None:
    """Works until it may end."""
    tell("began", word)
    deadline = time.monotonic() + HELD_S_MAX
    while not Path(os.environ["MAY_END"]).exists() and time.monotonic() < deadline:
        time.sleep(MOMENT_S)
    tell("ended", word)


@app.task(name="unlucky", acks_late=True, acks_on_failure_or_timeout=False)
def unlucky(word: str) -> None:
    """Fails at its first two deliveries."""
    earlier = told.read_text("utf-8").count(json.dumps(word)) if told.exists() else 0
    tell(f"try {earlier + 1}", word)
    if earlier < 2:
        raise RuntimeError("not yet")
