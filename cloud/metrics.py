"""What every program of the cloud counts, by the names that dashboards and alert rules use.

Labels are lanes, hops, jobs and the like, from lists that are fixed here or in the code: never a gateway, a
person, a place or a value of health. Times are of the program's clock, in seconds.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # of the library

_ROAD_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)
_WORK_S: Final = (0.01, 0.05, 0.25, 1, 5, 10)
_WAIT_S: Final = (1, 5, 15, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 72 * 3600)
_SIZES: Final = (1, 5, 10, 50, 100, 250, 500, 1000, 2000)

MESSAGE_S: Final = Histogram(
    "carebed_message_seconds",
    "From the arrival of a message at the ingestor to its commit: the hop `stored`, and each lane's lag.",
    ["lane"],
    buckets=_ROAD_S,
)
HOP_S: Final = Histogram(
    "carebed_event_hop_seconds",
    "An event's way before and after it is stored: device to gateway, gateway to ingestor, commit to the live"
    " feed, case opened to shown on a screen.",
    ["hop"],
    buckets=_ROAD_S,
)
BATCH_MESSAGES: Final = Histogram(
    "carebed_telemetry_transaction_messages",
    "Messages that one transaction of the telemetry lane took.",
    buckets=_SIZES,
)
BATCH_READINGS: Final = Histogram(
    "carebed_telemetry_transaction_readings",
    "Readings that one transaction of the telemetry lane stored.",
    buckets=(1, 10, 100, 500, 1000, 5000, 10_000, 20_000, 40_000, 100_000),
)
QUARANTINED: Final = Counter(
    "carebed_quarantined_total", "Messages set aside because nobody could read them."
)
FAILURES: Final = Counter(
    "carebed_message_failures_total", "Transactions of a message that failed and were tried again.", ["lane"]
)
RECONNECTS: Final = Counter("carebed_broker_reconnects_total", "Connections to the broker, after the first.")
WAITING: Final = Gauge(
    "carebed_waiting_messages", "Messages that have arrived from the broker and were not taken yet.", ["lane"]
)
OUTBOX_S: Final = Histogram(
    "carebed_gateway_outbox_age_seconds",
    "Age of the oldest row that waits at a gateway, as each heartbeat reports it; 0: nothing waits.",
    ["stream"],
    buckets=_WAIT_S,
)
JOB_S: Final = Histogram("carebed_job_seconds", "Runs of the worker's timer jobs.", ["job"], buckets=_WORK_S)
JOB_FAILURES: Final = Counter("carebed_job_failures_total", "Runs of a timer job that failed.", ["job"])
HANDED_OVER: Final = Counter(
    "carebed_notifications_total", "Notifications handed to a provider, by how that ended.", ["result"]
)
PUBLISHED: Final = Counter("carebed_published_total", "Messages published to gateways.", ["kind"])
REQUEST_S: Final = Histogram(
    "carebed_http_request_seconds",
    "Requests to the API, by the first digit of the answer.",
    ["status"],
    buckets=_ROAD_S,
)
SOCKETS: Final = Gauge("carebed_websockets", "Screens and programs that follow the live feed.")
CUT_OFF: Final = Counter(
    "carebed_websockets_cut_total", "Live connections that we ended, by close code.", ["code"]
)


class _Arrived(Protocol):
    @property
    def received_at(self) -> datetime: ...


def hop(name: str, since: datetime | None, until: datetime) -> None:
    """An event took a hop; a clock that runs ahead counts as no time, an unknown begin not at all."""
    if since is not None:
        HOP_S.labels(name).observe(max((until - since).total_seconds(), 0.0))


def committed(lane: str, arrivals: Sequence[_Arrived], now: datetime) -> None:
    """These messages are stored, or set aside."""
    took = MESSAGE_S.labels(lane)
    for arrived in arrivals:
        took.observe(max((now - arrived.received_at).total_seconds(), 0.0))


def outbox(stream: str, age_s: float | None) -> None:
    """A heartbeat said how old the oldest row of a stream is; None: this gateway does not say."""
    if age_s is not None:
        OUTBOX_S.labels(stream).observe(max(age_s, 0.0))


def lane(name: str, waiting: Callable[[], float]) -> None:
    """This program runs a lane: what it has not counted yet is told as 0, not left out."""
    MESSAGE_S.labels(name)
    FAILURES.labels(name)
    WAITING.labels(name).set_function(waiting)
