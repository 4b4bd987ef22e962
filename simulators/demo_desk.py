"""The demo's desk: who is on duty, what happens when nobody answers, the telephone system, a wall screen."""

import uuid
from typing import Any

from simulators.cloud_api import CloudApi
from simulators.demo_exchange import PATH, PROVIDER
from simulators.home import DISTRICT_CODE


async def set_duty(api: CloudApi, supervisor: str, responders: list[str]) -> None:
    """The supervisor is on duty around the clock, the crew by day; a P1 that nobody takes climbs quickly."""
    whole_day = {"starts": "00:00", "ends": "00:00", "staff": [supervisor]}
    by_day = {"starts": "07:00", "ends": "22:00", "staff": responders}
    for name, role, shift in (("班长值班", "supervisor", whole_day), ("网格响应值班", "responder", by_day)):
        body = {"version": 0, "name": name, "role": role, "area_code": DISTRICT_CODE, "shifts": [shift]}
        await api.put(f"duty/schedules/{uuid.uuid4()}", body)
    steps: list[dict[str, Any]] = [
        {"delay_s": 30, "target": "all_seats", "repeats": True},
        {"delay_s": 30, "target": "supervisor_screen"},
        {"delay_s": 60, "target": "supervisors", "channels": ["voice", "sms"], "repeats": True},
        {"delay_s": 120, "target": "contacts", "channels": ["voice", "sms"]},
    ]
    policy = {"version": 0, "name": "演示区 生命紧急", "priority": 1, "area_code": DISTRICT_CODE}
    await api.put(f"escalation/policies/{uuid.uuid4()}", policy | {"repeat_every_s": 120, "steps": steps})


async def telephone_of(api: CloudApi, port: int) -> str:
    """The secret of a telephone system that takes its orders on a port of this machine."""
    body = {"id": PROVIDER, "driver": "cti_webhook", "area_code": DISTRICT_CODE}
    body["command_url"] = f"http://127.0.0.1:{port}{PATH}"
    return str((await api.post("telephony/providers", body))["secret"])


async def screen_of(api: CloudApi) -> str:
    """The token of a wall screen."""
    return str((await api.post("screens", {"name": "演示大屏", "area_code": DISTRICT_CODE}))["token"])
