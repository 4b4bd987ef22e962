"""The demo's telephones: somebody of the first home's family, and the responders of the district."""

import asyncio
from typing import Final

from simulators.cloud_api import CloudApi
from simulators.demo_state import Account
from simulators.home import COMPOUNDS, DISTRICT_CODE, Compound, invent_home
from simulators.registration import HomeRecord
from simulators.stage import OwnCloud

_CONSENT: Final = "本人当面签署同意书（演示）"
_MOST_CASES: Final = 3
_CREW: Final[tuple[tuple[str, str, Compound, list[str]], ...]] = (
    ("responder", "网格员马志强", COMPOUNDS[0], ["first_aid"]),
    ("responder2", "护理员唐丽", COMPOUNDS[1], ["first_aid"]),
    ("responder3", "护理员冯静", COMPOUNDS[3], []),
)


async def family_of(cloud: OwnCloud, home: HomeRecord) -> Account:
    """An account of the first contact of a home's first elder, bound to that elder."""
    contact = invent_home(home.seed, residents=len(home.residents)).residents[0].contacts[0].name
    made = await cloud.admin("user", "create", "--username", "family", "--name", contact, "--role", "family")
    await cloud.admin(
        "family", "bind", "--username", "family", "--resident", home.residents[0],
        "--contact", contact, "--consent", _CONSENT, "--location",
    )  # fmt: skip
    return Account(username="family", password=made["password"])


async def responders_of(cloud: OwnCloud, api: CloudApi) -> list[Account]:
    """A crew of the district, each at home in a zone of its own."""
    return list(await asyncio.gather(*(_responder(cloud, api, *who) for who in _CREW)))


async def _responder(
    cloud: OwnCloud, api: CloudApi, username: str, name: str, place: Compound, skills: list[str]
) -> Account:
    made = await cloud.admin(
        "user", "create", "--username", username, "--name", name, "--role", "responder",
        "--area", DISTRICT_CODE,
    )  # fmt: skip
    spot = {"name": f"{place.name}片区", "area_code": DISTRICT_CODE, "lat": place.lat, "lon": place.lon}
    zone = await api.post("zones", spot)
    await api.put(
        f"responders/{made['id']}", {"zone_id": zone["id"], "skills": skills, "most_cases": _MOST_CASES}
    )
    return Account(username=username, password=made["password"], id=made["id"])
