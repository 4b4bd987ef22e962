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


class Activation(msgspec.Struct):
    """One event id: since when it waits (ms since `boot`), why help began, what was done. `joined`: the
    telephone already tells of another of its kind.
    """

    id: str
    kind: str
    at: int
    since: int
    boot: str
    phase: Literal["suspected", "raised", "ended"]
    why: Literal["", "no_ack", "cloud_away"] = ""
    began_after_ms: int = 0
    stored: bool = False
    claimed: bool = False
    cleared: bool = False
    joined: bool = False
    unasked: bool = False
    steps: dict[str, str] = {}
    tries: dict[str, int] = {}
    retry_at: dict[str, int] = {}

    @property
    def helping(self) -> bool:
        """Whether the home helps itself."""
        return bool(self.why) and self.phase == "raised" and not self.stored

    @property
    def tells(self) -> bool:
        """Whether the telephone has told somebody of it, or is still about to."""
        phone = [how for key, how in self.steps.items() if key.startswith(("sms:", "call:"))]
        told = any(how not in ("again", "failed", "impossible") for how in phone)
        return told or (self.helping and (not phone or "again" in phone))
