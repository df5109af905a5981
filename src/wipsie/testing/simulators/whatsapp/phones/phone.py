"""A phone: sends what people send, shows what it gets, and tells the business as much as its owner allows."""

from __future__ import annotations

from wipsie.testing.simulators.whatsapp.phones.answering import Answering
from wipsie.testing.simulators.whatsapp.phones.expecting import Expecting
from wipsie.testing.simulators.whatsapp.phones.moving import Moving
from wipsie.testing.simulators.whatsapp.phones.sending_files import SendingFiles


class Phone(Answering, SendingFiles, Moving, Expecting):
    """One user. What it sends is on its way when the call returns, and at the application a moment later. Each base has a file of its
    own."""
