"""What a gateway may say of a fall or of a quiet home, in its evidence; anything else is no reason.

The desk has words for each (`reason.*` in its texts).
"""

from typing import Any, Final

SAID_OF_A_FALL: Final = frozenset(
    {
        "impact",
        "posture_change",
        "stillness",
        "sensor_clipped",
        "unsure",
        "faint",
        "clear",
        "stirs",
        "lies_still",
        "no_tremor",
        "two_fall_sensors",
        "still_there",
        "somebody_there",
        "moves_there",
        "left_room",
        "no_motion_since",
        "moves_in_another_room",
        "bed_empty",
        "lies_in_bed",
        "lay_down",
        "taken_off",
        "door_opened_since",
        "nobody_left",
        "ask_where_it_hurts",
        "ask_if_awake",
        "ask_if_lay_down",
        "ask_if_up_again",
        "ask_who_is_there",
        "ask_if_fell",
        "ask_if_taken_off",
        "ask_if_can_get_up",
    }
)
SAID_OF_QUIET: Final = frozenset(
    {"quieter_than_usual", "not_learned_yet", "left_by_door", "at_home", "still_in_room"}
)
_SAID: Final = {"fall": SAID_OF_A_FALL, "inactivity": SAID_OF_QUIET}


def said(kind: str, evidence: dict[str, Any]) -> list[str]:
    """The reasons that the gateway gives, as far as they are known."""
    known, given = _SAID.get(kind, frozenset()), evidence.get("reasons")
    if not isinstance(given, list):
        return []
    return [reason for reason in given if isinstance(reason, str) and reason in known]
