"""What must be done or left undone because of what rang, before anything else. Pure."""

from collections.abc import Iterable
from typing import Final

import msgspec


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence for the operator."""

    code: str
    zh: str
    en: str


_FIRE: Final = (
    Advice(code="call_119_first", zh="先打 119，再联系老人", en="Call 119 first, the elder after that"),
)
_GAS: Final = (
    Advice(
        code="no_switching",
        zh="不要远程通断任何继电器、插座或灯",
        en="Switch no relay, plug or lamp from here",
    ),
    Advice(code="no_phone_inside", zh="不要拨打屋内的任何电话", en="Ring no telephone inside the home"),
    Advice(
        code="call_neighbours_and_gas_company",
        zh="联系邻居和燃气公司，请人在屋外断气、开窗",
        en="Call neighbours and the gas company: shut off the gas from outside, open windows",
    ),
)
_CO: Final = (
    Advice(code="air_and_out", zh="请人开窗通风，把老人带到室外", en="Open windows, bring the elder outside"),
)
_ADVICE: Final[dict[str, tuple[Advice, ...]]] = {"smoke": _FIRE, "heat": _FIRE, "gas": _GAS, "co": _CO}


def advice_for(kinds: Iterable[str], *, fire_suspected: bool = False) -> tuple[Advice, ...]:
    """The sentences of a case's kinds, the most important first, each once."""
    rung = set(kinds)
    found: tuple[Advice, ...] = _FIRE if fire_suspected else ()
    for kind in ("gas", "smoke", "heat", "co"):
        if kind in rung:
            found += tuple(advice for advice in _ADVICE[kind] if advice not in found)
    return found


def remote_switching_allowed(kinds: Iterable[str]) -> bool:
    """False while gas may be in the home: a spark is enough."""
    return "gas" not in kinds
