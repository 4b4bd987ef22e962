"""The canary's rows: its synthetic home, its presses, whether the road is good. The boundary owns the
transaction.

The rule that `test` counts only inside a window stays as it is: the window of the canary's own button is
moved on before each press, and ends by itself ten minutes after the last one.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.access.access import CANARY_ROLE
from cloud.cases import case, policies, timeline
from cloud.cases.case import Move, State
from cloud.cases.intake import SYSTEM, lock
from cloud.cases.publish import publish
from cloud.cases.summary import iso
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.downlink.store import GATEWAYS_CHANNEL
from cloud.feed import store as feed
from cloud.notifications.notification import Recipient
from cloud.notifications.queue import queue
from firmware_specs.ids import uuid7

_SQL: Final = queries.load(__package__ or "cloud.supervision", "canary.sql")
_CASES: Final = queries.load("cloud.cases")

GATEWAY: Final = "gw-canary"
DEVICE: Final = "canary-button"
AREA: Final = "00"
LIMIT_MS: Final = 5000
_NAME: Final = "全链路自检 / canary"
_HOME: Final = UUID("00000000-0000-7000-8000-0000000ca001")
_ORG: Final = UUID("00000000-0000-7000-8000-0000000ca002")
_WINDOW: Final = UUID("00000000-0000-7000-8000-0000000ca003")
_WINDOW_LASTS: Final = timedelta(minutes=10)
_TRIM_AT_ONCE: Final = 2000


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One press: `took_ms` real milliseconds from the gateway to the client of the feed, None: not seen."""

    id: UUID
    pressed_at: datetime
    seen_at: datetime | None = None
    took_ms: int | None = None
    reason: str = ""

    @property
    def ok(self) -> bool:
        """True where it came in time."""
        return self.took_ms is not None and self.took_ms <= LIMIT_MS


class Latest(msgspec.Struct, frozen=True, kw_only=True):
    """The road as it was last seen; `alive_at` None: the canary is switched off."""

    pressed_at: datetime | None
    took_ms: int | None
    red_since: datetime | None
    reason: str
    alive_at: datetime | None


async def found(conn: Connection, *, now: datetime, verifiers: tuple[str, str], token_hash: bytes) -> None:
    """Make the synthetic home, its gateway, its button and the token; doing it again changes nothing."""
    values = {"area": AREA, "name": _NAME, "org_id": _ORG, "home_id": _HOME, "now": now}
    values |= {"gateway": GATEWAY, "device": DEVICE, "bcrypt": verifiers[0], "pbkdf2": verifiers[1]}
    values |= {"installation_id": _id(now), "token_id": _id(now), "token_hash": token_hash}
    values |= {"role": CANARY_ROLE}
    for name in ("found_area", "found_org", "found_home", "found_device", "install_device", "found_token"):
        await conn.execute(_SQL[name], values)
    if await (await conn.execute(_SQL["found_gateway"], values)).fetchone() is not None:
        await conn.execute("select pg_notify(%s, '')", (GATEWAYS_CHANNEL,))


async def open_window(conn: Connection, *, now: datetime) -> None:
    """Move the button's test window on."""
    values = {"window_id": _WINDOW, "device": DEVICE, "now": now, "ends_at": now + _WINDOW_LASTS}
    await conn.execute(_SQL["open_window"], values)


async def note_run(conn: Connection, run: Run, *, now: datetime) -> bool | None:
    """Keep a press. True when the road has just become bad (all desks and the duty engineer are told), False
    when it is good again, None when nothing has changed.
    """
    await conn.execute(_SQL["add_run"], {**msgspec.structs.asdict(run), "ok": run.ok})
    row = await (await conn.execute(_SQL["lock_state"])).fetchone()
    assert row is not None, "migration 0005 fills canary_state"
    red_since: datetime | None = row[0]
    if run.ok == (red_since is None):
        return None
    since = None if run.ok else now
    await conn.execute(_SQL["set_state"], {"red_since": since, "reason": run.reason})
    if not run.ok:
        await _page(conn, run, now)
    words: dict[str, Any] = {"kind": "canary", "state": "ok" if run.ok else "red"}
    words |= {"since": iso(red_since or now), "last_ms": run.took_ms, "reason": run.reason}
    await feed.append(conn, now=now, type="desk", data=words)
    return not run.ok


async def came_late(conn: Connection, run: Run) -> None:
    """A press that was given up was seen after all."""
    await conn.execute(_SQL["came_late"], msgspec.structs.asdict(run))


async def latest(conn: Connection) -> Latest:
    """The last press and the state of the road."""
    row = await (await conn.execute(_SQL["latest"])).fetchone()
    assert row is not None, "migration 0005 fills canary_state"
    return Latest(pressed_at=row[0], took_ms=row[1], red_since=row[2], reason=row[3], alive_at=row[4])


async def close_own(conn: Connection, *, now: datetime) -> int:
    """Close the canary's test cases, and no other; returns how many."""
    rows = await (await conn.execute(_SQL["own_cases"], {"home_id": _HOME})).fetchall()
    closed = []
    for (case_id,) in rows:
        row = await lock(conn, case_id)
        if row is None or row["state"] != State.OPEN:
            continue
        case.step(State.OPEN, Move.SETTLE)
        await conn.execute(_CASES["close_case"], {"id": case_id, "disposition": "test", "now": now})
        words = {"disposition": "test", "reason": "canary"}
        await timeline.add(conn, case_id, "closed", actor=SYSTEM, data=words, now=now)
        closed.append(case_id)
    await publish(conn, closed, now=now)
    return len(closed)


async def trim(conn: Connection, *, before: datetime) -> None:
    """Forget presses and their test cases of long ago: nobody's emergency is among them."""
    async with conn.transaction():
        values = {"home_id": _HOME, "before": before, "limit": _TRIM_AT_ONCE}
        rows = await (await conn.execute(_SQL["old_cases"], values)).fetchall()
        ids = {"ids": [row[0] for row in rows]}
        for name in ("unfollow", "drop_links", "drop_alarms", "drop_entries", "drop_cases"):
            await conn.execute(_SQL[name], ids)
        await conn.execute(_SQL["drop_events"], {"gateway": GATEWAY, "before": before})
        await conn.execute(_SQL["drop_runs"], {"before": before})


async def _page(conn: Connection, run: Run, now: datetime) -> None:
    """Call and message the duty engineer, or the supervisors where none is on duty."""
    people = await policies.on_duty(conn, "duty_manager", area_code="", org_id=None, now=now)
    if not people:
        people = await policies.on_duty(conn, "supervisor", area_code="", org_id=None, now=now)
    what = "报警全链路自检失败 / the road of an alarm is broken or slow"
    for person in people:
        for channel in ("voice", "sms"):
            await queue(
                conn,
                now=now,
                step_key=f"canary:{iso(now)}",
                template="duty_page",
                recipient=Recipient.staff(person),
                channel=channel,
                priority=2,
                params={"what": what, "at": iso(now), "reason": run.reason},
            )


def _id(now: datetime) -> UUID:
    return uuid7(round(now.timestamp() * 1000))
