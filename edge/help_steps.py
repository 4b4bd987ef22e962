"""The words of local help: what a home has, which steps there are, how one ends."""

from typing import Literal

import msgspec

Lane = Literal["home", "speech", "phone"]
Step = Literal["siren_on", "siren_off", "light_on", "say", "sms", "call"]
Outcome = Literal["done", "failed", "busy", "no_answer", "answered", "impossible"]


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to tell; `inside`: the telephone is in the home itself and never rings for gas."""

    name: str
    number: str
    inside: bool = False


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What this home has, and its time limits in seconds."""

    after_s: float = 20.0
    away_s: float = 30.0
    siren: bool = False
    light: bool = False
    speech: bool = False
    sms: bool = False
    call: bool = False
    contacts: list[Contact] = []


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One step of one activation: `subject` is the prompt to say or the number to reach."""

    step: Step
    event: str
    kind: str
    subject: str = ""

    @property
    def key(self) -> str:
        """Its name in the notes."""
        return f"{self.step}:{self.subject}" if self.subject else self.step
