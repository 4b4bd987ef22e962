"""The demo's two telephones: somebody of the first home's family, and a responder of the district."""

from typing import Final

from simulators.cloud_api import CloudApi
from simulators.demo_state import Account
from simulators.home import DISTRICT_CODE, invent_home
from simulators.registration import HomeRecord
from simulators.stage import OwnCloud

_CONSENT: Final = "本人当面签署同意书（演示）"


async def family_of(cloud: OwnCloud, home: HomeRecord) -> Account:
    """An account of the first contact of a home's first elder, bound to that elder."""
    contact = invent_home(home.seed, residents=len(home.residents)).residents[0].contacts[0].name
    made = await cloud.admin("user", "create", "--username", "family", "--name", contact, "--role", "family")
    await cloud.admin(
        "family", "bind", "--username", "family", "--resident", home.residents[0],
        "--contact", contact, "--consent", _CONSENT,
    )  # fmt: skip
    return Account(username="family", password=made["password"])


async def responder_of(cloud: OwnCloud, api: CloudApi, home: HomeRecord) -> Account:
    """An account that can be sent out, near a home."""
    made = await cloud.admin(
        "user", "create", "--username", "responder", "--name", "网格员马志强", "--role", "responder",
        "--area", DISTRICT_CODE,
    )  # fmt: skip
    place = {"lat": home.lat, "lon": home.lon}
    zone = await api.post("zones", {"name": "演示片区", "area_code": DISTRICT_CODE} | place)
    body = {"zone_id": zone["id"], "skills": ["first_aid"], "most_cases": 3}
    await api.put(f"responders/{made['id']}", body)
    return Account(username="responder", password=made["password"])
