"""The fixed town of the model in a database of its own, and the way back to its first day."""

import uuid
from dataclasses import dataclass
from typing import Final

import psycopg

from cloud.access.access import Identity, Role
from cloud.database.pool import Connection, connect
from tests.cloud import town
from tests.cloud.desk.lines import Lines
from tests.cloud.town import AREA, LONG_AGO, Home

_STAFF: Final[tuple[tuple[str, Role], ...]] = (
    ("甲", "operator"),
    ("乙", "operator"),
    ("丙", "operator"),
    ("班长", "supervisor"),
    ("出勤一", "responder"),
    ("出勤二", "responder"),
)
DEVICES: Final = ("button", "smoke", "watch")

# Everything that is not of the town goes; what the town's rows have learned is forgotten.
_RESET: Final = """
do $$
declare t text;
begin
    set local session_replication_role = replica;
    for t in select name from model_table loop
        execute format('delete from %I', t);
    end loop;
    delete from device where key not in (select key from model_device);
    update device set registered = d.registered, state = '{}', state_at = null, last_seen_at = null
        from model_device d where d.key = device.key and device.last_seen_at is not null;
    update gateway set run = null, run_started_at = null, boot = null, birth = null, birth_at = null,
        online = null, online_changed_at = null, last_seen_at = null
        where last_seen_at is not null or online is not null;
    update feed_counter set seq = 0;
    update flood set since = null where since is not null;
    update canary_state set red_since = null, reason = '' where red_since is not null;
end $$
"""


@dataclass(frozen=True)
class Ward:
    """Homes, staff and the lines to their database."""

    lines: Lines
    housekeeping: Lines
    url: str
    homes: tuple[Home, ...]
    operators: tuple[Identity, ...]
    responders: tuple[Identity, ...]

    async def reset(self) -> None:
        """The first day again. On a line of its own: the replication role makes a line forget its plans."""
        async with self.housekeeping.connection() as conn:
            await conn.execute(_RESET)

    async def sweep(self) -> None:
        """Give the room of deleted rows back, now and then."""
        async with self.housekeeping.connection() as conn:
            await conn.execute("vacuum")

    async def close(self) -> None:
        """Everybody goes home."""
        await self.lines.close()
        await self.housekeeping.close()


async def found(url: str) -> Ward:
    """Build the town in a migrated, empty database."""
    async with await connect(url) as conn:
        # A lost transaction of a crashed server is not what is modelled: do not wait for the disk.
        name = psycopg.sql.Identifier(conn.info.dbname)
        await conn.execute(psycopg.sql.SQL("alter database {} set synchronous_commit = off").format(name))
        for setting in ("deadlock_timeout = '100ms'", "plan_cache_mode = force_generic_plan"):
            await conn.execute(psycopg.sql.SQL(f"alter database {{}} set {setting}").format(name))
        homes = tuple([await _home(conn, number) for number in range(2)])
        staff = [await _staff(conn, name, role) for name, role in _STAFF]
        await _duty(conn, staff[3].id)
        for one in staff[4:]:
            await _responder(conn, one.id)
        await _remember(conn)
    return Ward(Lines(url), Lines(url), url, homes, tuple(staff[:4]), tuple(staff[4:]))


async def _home(conn: Connection, number: int) -> Home:
    home = await town.add_home(conn, f"gw-model-{number}", name=f"老人{number}")
    for device in DEVICES:
        await town.add_device(conn, f"{device}-{number}", home, bed=device == "watch")
    return home


async def _staff(conn: Connection, name: str, role: Role) -> Identity:
    id = uuid.uuid4()
    await conn.execute(
        "insert into staff (id, username, name, role, password_hash, area_code, created_at)"
        " values (%s, %s, %s, %s, '', %s, %s)",
        (id, str(id), name, role, AREA, LONG_AGO),
    )
    if role != "operator":
        for channel in ("voice", "sms"):
            await conn.execute(
                "insert into notification_address"
                " (recipient_kind, recipient_id, channel, address, changed_at)"
                " values ('staff', %s, %s, '13900000000', %s)",
                (id, channel, LONG_AGO),
            )
    return Identity(id=id, name=name, role=role, area_code=AREA, username=str(id))


async def _duty(conn: Connection, supervisor: uuid.UUID) -> None:
    """A supervisor day and night; nobody is the duty manager: a hole that the escalation must step over."""
    schedule = uuid.uuid4()
    await conn.execute(
        "insert into duty_schedule (id, version, name, role, changed_at, changed_by)"
        " values (%s, 1, '主管', 'supervisor', %s, 'model')",
        (schedule, LONG_AGO),
    )
    await conn.execute(
        "insert into duty_shift (schedule_id, version, position, weekdays, starts_minute, ends_minute, staff)"
        " values (%s, 1, 1, '{1,2,3,4,5,6,7}', 0, 0, %s)",
        (schedule, [supervisor]),
    )


async def _responder(conn: Connection, staff_id: uuid.UUID) -> None:
    await conn.execute(
        "insert into responder (staff_id, most_cases, changed_at) values (%s, 2, %s)", (staff_id, LONG_AGO)
    )


async def _remember(conn: Connection) -> None:
    """Which tables a run may fill, and which devices are the town's."""
    cursor = await conn.execute(
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition"
    )
    empty = []
    for (name,) in await cursor.fetchall():
        table = psycopg.sql.Identifier(name)
        row = await (
            await conn.execute(psycopg.sql.SQL("select exists (select from {})").format(table))
        ).fetchone()
        if row is not None and not row[0]:
            empty.append(name)
    await conn.execute("create table model_table (name text primary key)")
    await conn.execute("insert into model_table select unnest(%s::text[])", (empty,))
    await conn.execute("create table model_device as select key, registered from device")
