"""What the rules are told of an event, when it arrives and when it is judged once more."""

from collections.abc import Sequence
from typing import Final

import msgspec

from cloud.alarms import vitals_store
from cloud.alarms.alarm import Context
from cloud.alarms.person import Person
from cloud.alarms.profiles import BY_PROFILE
from cloud.database.pool import Connection
from cloud.ingest.whereabouts import Whereabouts
from firmware_specs.messages import Event

Phases = Sequence[tuple[str, str, int]]
"""Phase, run and number of what is stored of one activation."""
_ENDS: Final = frozenset({"cleared", "cancelled", "restored"})


async def with_place_and_past(
    conn: Connection,
    known: Context,
    event: Event,
    place: Whereabouts,
    others: Phases,
    number: tuple[str, int],
) -> Context:
    """The context with where the event rings, who lives there, and the other phases that are stored; its own
    run and number say which of them came after it.
    """
    people: tuple[Person, ...] = ()
    if event.kind in BY_PROFILE and place.home_id is not None:
        people = await vitals_store.people_of_home(conn, place.home_id, at=known.received_at)
    ended = [other for other in others if other[0] in _ENDS]
    return msgspec.structs.replace(
        known,
        device_key=place.device_key,
        home_id=place.home_id,
        resident_id=place.resident_id,
        person=next((person for person in people if person.id == place.resident_id), None),
        people=people,
        room=event.room or place.room,
        area_code=place.area_code,
        org_id=place.org_id,
        test_window=place.test_window,
        suspected=any(phase == "suspected" for phase, _, _ in others),
        begun=any(phase in ("raised", "updated") for phase, _, _ in others),
        ended=bool(ended),
        ended_by=next((phase for phase, run, seq in ended if run == number[0] and seq > number[1]), None),
    )
