"""How a call becomes a case, or joins one."""

from datetime import datetime
from uuid import UUID

from cloud.access.access import Identity
from cloud.access.errors import Conflict, InvalidInput, NotAllowed, NotFound
from cloud.alarms.alarm import AlarmDraft, SubjectKind
from cloud.api.case_routes import actor_of
from cloud.api.telephony_schemas import CaseOfCall
from cloud.cases import calls
from cloud.cases import store as cases
from cloud.cases.intake import take_alarm
from cloud.database.pool import Connection
from cloud.registry import people
from cloud.registry import store as registry
from cloud.telephony import store
from cloud.telephony.telephony import Call
from firmware_specs.kinds import EVENTS

KIND = EVENTS["phone_call"]
RULE_VERSION = "phone-call-1"


async def open_or_link(
    conn: Connection, call_id: UUID, given: CaseOfCall, identity: Identity, *, now: datetime
) -> tuple[UUID, bool]:
    """The case that the call belongs to from now on, and whether it is new; Conflict for a second one."""
    call = await store.find_call(conn, call_id, identity, lock=True)
    if call.case_id is not None:
        if given.case_id in (None, call.case_id):
            return call.case_id, False
        raise Conflict("这通电话已有警情", "the call has a case", existing_id=str(call.case_id))
    if sum(one is not None for one in (given.case_id, given.resident_id, given.home_id)) > 1:
        raise InvalidInput(
            "case_id、resident_id、home_id 只能给一个", "give one of case_id, resident_id, home_id"
        )
    opened = False
    if given.case_id is not None:
        case_id = (await cases.summary(conn, given.case_id, identity)).id
    else:
        taken = await take_alarm(conn, await _draft(conn, call, given, identity, now), now)
        case_id, opened = taken.case_id, taken.opened
    if given.note:
        await cases.write_down(conn, case_id, "note", actor_of(identity), data={"text": given.note}, now=now)
    await store.link_call(conn, call_id, case_id)
    await calls.write_down(conn, call, case_id, now=now)
    if opened:
        await cases.claim(conn, case_id, actor_of(identity), now=now)
    else:
        await cases.publish(conn, [case_id], now=now)
    return case_id, opened


async def _draft(
    conn: Connection, call: Call, given: CaseOfCall, identity: Identity, now: datetime
) -> AlarmDraft:
    """The alarm that the operator raises for the caller."""
    kind: SubjectKind = "system"
    subject, home_id = f"call-{call.id}", given.home_id
    area_code, org_id = call.area_code or identity.area_code, call.org_id or identity.org_id
    if given.resident_id is not None:
        resident = await people.find_resident(conn, at=now, resident_id=given.resident_id)
        if not identity.sees(resident.area_code, resident.org_id):
            raise NotFound("没有这位老人", "there is no such resident", id=str(given.resident_id))
        home_id, area_code, org_id = resident.home_id, resident.area_code, resident.org_id
        subject = f"resident-{given.resident_id}"
    if home_id is not None:
        home = await registry.find_home(conn, home_id)
        if not identity.sees(home.area_code, home.org_id):
            raise NotAllowed("不在您的管辖范围内", "it is outside your area or organisation")
        kind, subject, area_code, org_id = "home", str(home_id), home.area_code, home.org_id
    return AlarmDraft(
        subject_kind=kind,
        subject_id=subject,
        alarm_class=KIND.alarm_class,
        kind=KIND.name,
        priority=KIND.priority,
        home_id=home_id,
        resident_id=given.resident_id,
        area_code=area_code,
        org_id=org_id,
        occurred_at=call.begun_at,
        received_at=now,
        reasons=("telephone",),
        inputs={"call_id": str(call.id)},
        rule_version=RULE_VERSION,
    )
