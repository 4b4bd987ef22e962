"""How an ingestor attaches to its broker: alone, or as one of a group that shares the messages.

                     alone                        in a group
mqtt://, mqtts://    a kept session (3.1.1)       shared subscriptions (MQTT 5), a session for each member
nats://, natss://    -                            one pull consumer for each lane, whoever comes

Whoever changes from one to the other lets the broker forget the former sessions, else it keeps filling them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cloud.broker import INGEST_USER, Address
from cloud.ingest.jetstream_source import JetStreamSource
from cloud.ingest.mqtt_source import MqttSource, end_session
from cloud.ingest.source import Source, Subscription

# Client ids of an ingestor that works alone, by lane.
_ALONE: Final = {
    "events": INGEST_USER,
    "states": f"{INGEST_USER}-states",
    "telemetry": f"{INGEST_USER}-telemetry",
}


@dataclass(frozen=True)
class Membership:
    """A group's name, and a member's that no other member has; both wire ids."""

    group: str
    member: str


def source_of(
    address: Address,
    lane: str,
    subscriptions: Sequence[Subscription],
    membership: Membership | None,
    *,
    now: Callable[[], datetime],
) -> Source:
    """The source of the lane `events`, `states` or `telemetry`; on NATS a group is always shared."""
    if address.nats:
        group = "carebed" if membership is None else membership.group
        return JetStreamSource(address, f"{group}-{lane}", subscriptions, now=now)
    if membership is None:
        return MqttSource(address, _ALONE[lane], subscriptions, now=now)
    client_id = f"{INGEST_USER}-{membership.group}-{lane}-{membership.member}"
    return MqttSource(address, client_id, subscriptions, now=now, group=membership.group)


async def forget_lone_sessions(address: Address) -> None:
    """What the broker keeps for an ingestor that worked alone is forgotten; raises OSError, TimeoutError."""
    for client_id in _ALONE.values():
        await end_session(address, client_id)
