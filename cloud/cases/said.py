"""What people say of an elder, as an alarm: a call-back, a responder who is there. Pure."""

from datetime import datetime
from typing import Any, Final

from cloud.alarms.alarm import AlarmDraft

RULE_VERSION: Final = "desk-1"


def said_alarm(
    row: dict[str, Any], kind: str, priority: int, *, by: str = "call_back", now: datetime
) -> AlarmDraft:
    """What a person says of the elder: about the home where one is known, though the case may be a technical
    one.
    """
    home = row["home_id"]
    return AlarmDraft(
        subject_kind=row["subject_kind"] if home is None else "home",
        subject_id=row["subject_id"] if home is None else str(home),
        alarm_class="care",
        kind=kind,
        priority=priority,
        home_id=row["home_id"],
        resident_id=row["resident_id"],
        area_code=row["area_code"],
        org_id=row["org_id"],
        occurred_at=now,
        received_at=now,
        reasons=(by,),
        inputs={"case_id": str(row["id"]), "number": row["number"]},
        rule_version=RULE_VERSION,
    )
