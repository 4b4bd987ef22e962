"""Telephone systems: who they are, what they say of calls (signed), and the simulated one's far end."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request

from cloud.access.access import new_secret
from cloud.access.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn
from cloud.api import telephony_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.services import Services
from cloud.api.telephony_drivers import SECRET, secret_of
from cloud.api.texts import WireId
from cloud.cases import calls
from cloud.registry.store import find_org
from cloud.telephony import cti, store
from cloud.telephony.telephony import CallEvent, Provider

router = APIRouter(prefix="/telephony/providers", tags=["telephony"])


@router.post("", operation_id="create_phone_provider", status_code=201, response_model=shapes.ProviderCreated)
async def create_phone_provider(
    body: shapes.NewProvider, identity: Caller, services: With
) -> shapes.ProviderCreated:
    """Add a telephone system; the secret that signs both directions is shown this once."""
    if (body.driver == "cti_webhook") != (body.command_url is not None):
        raise InvalidInput(
            "cti_webhook 须有 command_url，simulated 不可有",
            "cti_webhook needs a command_url, simulated has none",
            field="command_url",
        )
    secret, now = new_secret(), services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        area_code = identity.area_code if body.area_code is None else body.area_code
        org_id = identity.org_id if body.org is None else await find_org(conn, body.org)
        if not identity.sees(area_code, org_id):
            raise NotAllowed("不在您的管辖范围内", "it is outside your area or organisation")
        provider = Provider(
            id=body.id,
            driver=body.driver,
            secret_cipher=services.seal.seal(secret, SECRET).cipher,
            command_url=body.command_url,
            dial_code=body.dial_code or "",
            area_code=area_code,
            org_id=org_id,
            created_at=now,
        )
        await store.create_provider(conn, provider)
        await audit(conn, services, identity, "phone_provider_created", body.id)
    return shapes.ProviderCreated(id=body.id, secret=secret)


@router.get("", operation_id="list_phone_providers", response_model=shapes.PhoneProviderList)
async def list_phone_providers(
    identity: Caller,
    services: With,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: WireId | None = None,
) -> shapes.PhoneProviderList:
    """Telephone systems of your area."""
    async with services.pool.connection() as conn:
        found = await store.list_providers(conn, identity, limit=limit, after=after or "")
    return shapes.PhoneProviderList(
        items=[
            shapes.PhoneProvider(
                id=one.id,
                driver=one.driver,
                command_url=one.command_url,
                dial_code=one.dial_code,
                area_code=one.area_code,
                created_at=one.created_at,
            )
            for one in found
        ]
    )


@router.post(
    "/{provider_id}/secret", operation_id="renew_phone_secret", response_model=shapes.ProviderCreated
)
async def renew_phone_secret(provider_id: WireId, identity: Caller, services: With) -> shapes.ProviderCreated:
    """A new secret, shown this once; the old one stops to work."""
    secret = new_secret()
    async with services.pool.connection() as conn, conn.transaction():
        found = await store.find_provider(conn, provider_id)
        if found is None or not identity.sees(found.area_code, found.org_id):
            raise _none(provider_id)
        await store.set_secret(conn, provider_id, services.seal.seal(secret, SECRET).cipher)
        await audit(conn, services, identity, "phone_secret_renewed", provider_id)
    return shapes.ProviderCreated(id=provider_id, secret=secret)


@router.post("/{provider_id}/events", operation_id="take_call_event", response_model=shapes.CallEventTaken)
async def take_call_event(
    provider_id: WireId,
    body: shapes.CallEvent,
    request: Request,
    services: With,
    timestamp: Annotated[str, Header(alias=cti.TIMESTAMP, max_length=12)] = "",
    signature: Annotated[str, Header(alias=cti.SIGNATURE, max_length=100)] = "",
) -> shapes.CallEventTaken:
    """What a telephone system says of a call, signed by it; the same `id` twice is one event."""
    async with services.pool.connection() as conn:
        provider = await store.find_provider(conn, provider_id)
    raw, now = await request.body(), services.clock.now()
    if (
        provider is None
        or provider.driver != "cti_webhook"
        or not cti.signed(
            secret_of(services, provider), timestamp=timestamp, signature=signature, body=raw, now=now
        )
    ):
        raise NotSignedIn("签名无效或已过期", "the signature is wrong or older than five minutes")
    return await _take(services, provider, body)


@router.post(
    "/{provider_id}/simulated-events",
    operation_id="simulate_call_event",
    response_model=shapes.CallEventTaken,
)
async def simulate_call_event(
    provider_id: WireId, body: shapes.CallEvent, identity: Caller, services: With
) -> shapes.CallEventTaken:
    """Play the far end of the simulated telephone system: make a call ring, answer it, end it."""
    async with services.pool.connection() as conn:
        provider = await store.find_provider(conn, provider_id)
        if provider is None or not identity.sees(provider.area_code, provider.org_id):
            raise _none(provider_id)
        if provider.driver != "simulated":
            raise NotAllowed("只有模拟电话系统可以模拟", "only the simulated telephone system can be played")
        await audit(conn, services, identity, "call_simulated", provider_id, event=body.event)
    return await _take(services, provider, body)


async def _take(services: Services, provider: Provider, body: shapes.CallEvent) -> shapes.CallEventTaken:
    fields: dict[str, Any] = body.model_dump()
    async with services.pool.connection() as conn, conn.transaction():
        call, moved = await calls.take_event(conn, provider, CallEvent(**fields), now=services.clock.now())
    return shapes.CallEventTaken(call_id=call.id, moved=moved, state=call.state.value)


def _none(provider_id: str) -> NotFound:
    return NotFound(f"没有电话系统 {provider_id}", f"there is no telephone system {provider_id}")
