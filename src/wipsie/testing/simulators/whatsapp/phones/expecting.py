"""What tests wait for on a phone, in real time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wipsie.testing.eventually import eventually
from wipsie.testing.simulators.whatsapp.phones.chat import Bubble
from wipsie.testing.simulators.whatsapp.phones.handset import Handset, Message


class Expecting(Handset):
    """AssertionError with what the phone shows when it does not come."""

    async def wait_for(self, predicate: Callable[[Bubble], Any], timeout_s: float = 5.0) -> Bubble:
        """The first message of the business that fits, waiting for it in real time. AssertionError with what there is when
        none comes."""
        try:
            bubble = await eventually(lambda: next((one for one in self.received if predicate(one)), None), timeout_s)
        except AssertionError:
            raise AssertionError(f"no such message came within {timeout_s:g} s; {self._shown()}") from None
        assert bubble is not None
        return bubble

    async def expect(
        self, text: str = "", *, kind: str | None = None, after: Message | None = None, timeout_s: float = 5.0
    ) -> Bubble:
        """As `wait_for`: a message with `text` in its header or body, of `kind` if given. It looks only at what came after
        the last message this person sent, or after the message `after`, so that an old answer is not taken for a new one."""

        def found() -> Bubble | None:
            for bubble in self.chat.after(after if isinstance(after, str) or after is None else after.id):
                words = f"{bubble.header or ''}\n{bubble.text}".lower()
                if not bubble.mine and text.lower() in words and kind in (None, bubble.kind):
                    return bubble
            return None

        try:
            bubble = await eventually(found, timeout_s)
        except AssertionError:
            raise AssertionError(f"no message with {text!r} came within {timeout_s:g} s; {self._shown()}") from None
        assert bubble is not None
        return bubble

    def _shown(self) -> str:
        shown = [
            f"{'> ' if bubble.mine else ''}{bubble.kind}: {bubble.text[:60]}" for bubble in self.chat.bubbles[-10:]
        ]
        return "the phone shows:" + "".join(f"\n  {line}" for line in shown or ["nothing"])
