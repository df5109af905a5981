"""The conversation: pure rules of what follows from a message, a tap, a file, a result or the passing of time.

    step(conversation, event, facts) -> Step(conversation, effects)

How a service uses it:

1. Under the lock of the owner, load the `Conversation` (`Conversation.new(language)` for a stranger) and make the `Event` of what
   happened. Its id is that of the message; for results of effects anything that is the same when the result comes twice.
2. `step` with the `Facts` of this moment: a `new_id` of chance each time, `sent_at_ms` for messages of users, and what the
   owner's row says (`has_pin`, `needs_step_up`).
3. Carry out the effects in their order. Those that have a result at once (Save, Open, Delete, Undo, TryPin, SetPin,
   EraseEverything) become the next event, with facts of then, in the same commit; a dozen rounds are far more than enough.
   `Answer` is looked up and sent with the renderers of `rendering`, in its place among the effects: a card may follow.
4. Store the conversation by compare-and-set, its `state` and its `deadline_ms` beside it. When the deadline is over, the event is
   TimerEnded(deadline_ms); one that comes too late or twice changes nothing.

Files: FileSent is followed by `Check`, before consent by nothing; consent gives `Check` for all that waited. What no `Check` names is
never fetched. FileChecked may come in any state. Choices of messages are read here: give ChoiceTapped whatever id came back.

Nothing is saved but by a Save that its owner tapped or typed on a card that shows what is saved.
"""

from __future__ import annotations

from wipsie.slices.vault.domain.conversation.conversation import Conversation
from wipsie.slices.vault.domain.conversation.details import (
    DateGuess,
    Details,
    NameGuess,
    ReportSummary,
    Suggestions,
    TypeGuess,
)
from wipsie.slices.vault.domain.conversation.effects import Effect
from wipsie.slices.vault.domain.conversation.events import (
    ChoiceTapped,
    Deleted,
    Erased,
    Event,
    Exported,
    ExportFailed,
    FileChecked,
    FileSent,
    IdentityChanged,
    Ignored,
    LetIn,
    NotAccepted,
    PinRight,
    PinSet,
    PinWrong,
    ReportNotThere,
    ReportOpened,
    Restored,
    Saved,
    SaveFailed,
    TextTyped,
    TimerEnded,
)
from wipsie.slices.vault.domain.conversation.facts import CardDetail, Facts, Policy
from wipsie.slices.vault.domain.conversation.outcomes import Outcome
from wipsie.slices.vault.domain.conversation.prompts import prompt
from wipsie.slices.vault.domain.conversation.state import State
from wipsie.slices.vault.domain.conversation.step import Step, step

__all__ = [
    "CardDetail",
    "ChoiceTapped",
    "Conversation",
    "DateGuess",
    "Deleted",
    "Details",
    "Effect",
    "Erased",
    "Event",
    "ExportFailed",
    "Exported",
    "Facts",
    "FileChecked",
    "FileSent",
    "IdentityChanged",
    "Ignored",
    "LetIn",
    "NameGuess",
    "NotAccepted",
    "Outcome",
    "PinRight",
    "PinSet",
    "PinWrong",
    "Policy",
    "ReportNotThere",
    "ReportOpened",
    "ReportSummary",
    "Restored",
    "SaveFailed",
    "Saved",
    "State",
    "Step",
    "Suggestions",
    "TextTyped",
    "TimerEnded",
    "TypeGuess",
    "prompt",
    "step",
]
