"""A faithful WhatsApp Cloud API for tests and for trying things out: real HTTP, real signatures, phones, faults, a clock."""

from __future__ import annotations

from wipsie.testing.simulators.whatsapp.faults import Fault, Faults
from wipsie.testing.simulators.whatsapp.fidelity import REGISTER
from wipsie.testing.simulators.whatsapp.graph.templates import Template
from wipsie.testing.simulators.whatsapp.log import Attempt, Call
from wipsie.testing.simulators.whatsapp.phones.chat import Bubble
from wipsie.testing.simulators.whatsapp.phones.phone import Phone
from wipsie.testing.simulators.whatsapp.run import run, serve
from wipsie.testing.simulators.whatsapp.settings import Account, Behaviour, Bounds
from wipsie.testing.simulators.whatsapp.simulator import WhatsAppSimulator

__all__ = [
    "WhatsAppSimulator",
    "Account",
    "Behaviour",
    "Bounds",
    "Phone",
    "Bubble",
    "Fault",
    "Faults",
    "Call",
    "Attempt",
    "Template",
    "REGISTER",
    "run",
    "serve",
]
