"""The worker's jobs of supervision: groups and floods, shelves, devices, chatter, our own programs."""

from datetime import datetime, timedelta
from typing import Final

from cloud.cases import grouping, quiet, shelving
from cloud.cases.grouping import Alone
from cloud.cases.intake import take_alarm
from cloud.database.pool import Connection
from cloud.downlink import store as downlink
from cloud.supervision import canaries, devices, ourselves
from cloud.supervision.liveness import FLOOR_MAINS
from cloud.timing import Job, Moment, each

# The worker cannot tell of its own silence: the ingestor does.
_BY_WORKER: Final = frozenset(
    {"ingest_silent", "telemetry_silent", "member_silent", "broker_silent", "canary_silent"}
)
_INGEST_FRESH: Final = timedelta(seconds=30)


async def group_causes(conn: Connection, moment: Moment) -> None:
    """Many technical cases of one place and cause become one line, and the line says when it has ended."""
    now = moment.now
    flooded = await grouping.watch_flood(conn, now=now)
    found = await grouping.alone(conn, flooded=flooded, now=now)
    await each(conn, found, lambda group: _put_behind(conn, group, now))
    await each(
        conn, await grouping.taken_out(conn), lambda child: grouping.settle_child(conn, child, now=now)
    )
    await each(conn, await grouping.lines(conn), lambda line: grouping.refresh(conn, line, now=now))


async def _put_behind(conn: Connection, group: Alone, now: datetime) -> None:
    line_id = group.line_id
    if line_id is None:
        ref = await take_alarm(conn, grouping.line_draft(group, now), now)
        line_id = ref.case_id
        if ref.opened:
            await grouping.place_line(conn, line_id, group)
    await grouping.put_behind(conn, line_id, group.cause, now=now)


async def return_shelved(conn: Connection, moment: Moment) -> None:
    """What was set aside comes back by itself."""
    now = moment.now
    await each(
        conn, await shelving.due(conn, now=now), lambda case_id: shelving.come_back(conn, case_id, now=now)
    )


async def end_chatter(conn: Connection, moment: Moment) -> None:
    """A device that chattered and has been quiet for ten minutes is well again."""
    now = moment.now
    await each(conn, await quiet.devices(conn, now=now), lambda found: quiet.end(conn, found, now=now))


async def watch_devices(conn: Connection, moment: Moment) -> None:
    """Learn how often devices speak; tell of those that do not, and of batteries that run low."""
    now = moment.now
    back = await devices.learn(conn, now=now)
    await each(conn, back, lambda key: devices.tell_back(conn, key, now=now))
    await each(
        conn,
        await devices.batteries(conn, now=now),
        lambda found: devices.tell_battery(conn, found, now=now),
    )
    life = await downlink.ingest_life(conn)
    heard = life is not None and life[0] is not None and now - life[1] <= _INGEST_FRESH * moment.rate
    if life is None or life[0] is None or not heard or now - life[0] < FLOOR_MAINS:
        return  # nobody has listened for long enough to call a silence the device's own
    await each(
        conn, await devices.silent(conn, now=now), lambda found: devices.tell_silent(conn, found, now=now)
    )


async def show_life(conn: Connection, moment: Moment) -> None:
    """This worker lives."""
    await ourselves.note_alive(conn, "work", now=moment.now)


async def watch_ourselves(conn: Connection, moment: Moment) -> None:
    """Broker, ingestor, canary, and the screens that people sit at."""
    now, rate = moment.now, moment.rate
    await ourselves.watch(conn, now=now, started_at=moment.started_at, rate=rate, kinds=_BY_WORKER)
    await ourselves.watch_seats(conn, now=now, rate=rate)


async def forget_canaries(conn: Connection, moment: Moment) -> None:
    """The canary's own rows are kept for a week."""
    await canaries.trim(conn, before=moment.now - timedelta(days=7))


JOBS: Final = (
    Job("groups", 7_221, 1.0, group_causes),
    Job("shelves", 7_222, 5.0, return_shelved),
    Job("chatter", 7_223, 30.0, end_chatter),
    Job("devices", 7_224, 60.0, watch_devices),
    Job("life", None, 5.0, show_life),
    Job("ourselves", 7_225, 5.0, watch_ourselves),
    Job("canaries", 7_226, 600.0, forget_canaries),
)
