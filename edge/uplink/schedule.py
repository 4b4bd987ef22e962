"""When to send again and when to reconnect. Pure; seconds."""

from dataclasses import dataclass
from typing import Final

# How long a lane with nothing to do waits at most before it turns once more and shows that it lives.
LOOK_S: Final = 15.0


@dataclass(frozen=True)
class Timings:
    """The protocol's times; the defaults are the contract's, tests use smaller ones."""

    event_resend_s: tuple[float, ...] = (2.0, 4.0, 8.0, 15.0)
    event_every_s: float = 30.0
    event_window: int = 500
    batch_first_s: float = 30.0
    batch_longest_s: float = 600.0
    batches_in_flight: int = 50
    backfill_per_s: float = 5.0
    late_after_s: float = 120.0
    heartbeat_s: float = 28.0
    keep_alive_s: int = 30
    device_state_s: float = 3600.0
    inventory_s: float = 10.0
    connect_s: float = 5.0
    publish_s: float = 10.0
    short_connection_s: float = 5.0
    urgent_retry_s: float = 2.0
    calm_retry_s: float = 5.0
    long_outage_s: float = 60.0
    spread_s: float = 30.0
    flush_s: float = 3.0


def event_due_s(sent: int, timings: Timings) -> float:
    """Seconds from the first sending of an event to the one after `sent` sendings (1 or more)."""
    early = timings.event_resend_s
    if sent <= len(early):
        return early[sent - 1]
    return (early[-1] if early else 0.0) + timings.event_every_s * (sent - len(early))


def batch_wait_s(sent: int, timings: Timings) -> float:
    """Seconds to wait for the ack of a batch after `sent` sendings (1 or more): 30, doubled, at most 600."""
    return float(min(timings.batch_first_s * 2 ** min(sent - 1, 30), timings.batch_longest_s))


def reconnect_s(failures: int, outage_s: float, *, urgent: bool, chance: float, timings: Timings) -> float:
    """Seconds until the next connection attempt. `chance` is random in [0, 1).

    The first attempt, and one with an event waiting, come at once; only a long outage spreads the gateways
    over `spread_s`, so that a returning broker does not meet them all in one second.
    """
    if failures == 0 or (urgent and failures == 1):
        return 0.0
    if urgent:
        return timings.urgent_retry_s * (0.5 + chance / 2)
    if outage_s < timings.long_outage_s:
        return float(min(0.5 * 2 ** min(failures, 10), timings.calm_retry_s) * (0.5 + chance / 2))
    return max(timings.spread_s * chance, timings.urgent_retry_s)
