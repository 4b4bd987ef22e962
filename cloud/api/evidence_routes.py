"""The evidence of a case as a file to keep, hand on and check offline; each export is written down."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from cloud.access.acts import Detail
from cloud.access.errors import NotAllowed
from cloud.access.roles import may
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.cases import evidence, evidence_page

router = APIRouter(prefix="/cases", tags=["cases"])

_HTML: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "One HTML file", "content": {"text/html": {"schema": {"type": "string"}}}}
}


@router.get("/{case_id}/evidence", operation_id="get_evidence", response_class=Response, responses=_HTML)
async def get_evidence(
    case_id: UUID,
    identity: Caller,
    services: With,
    health: Annotated[bool, Query(description="with the readings around it, for roles that may")] = False,
) -> Response:
    """Timeline, hashes, signed roots and a verifier in one file; `carebed-cloud case verify` checks it."""
    if health and not may(identity.role, "get_trend"):
        raise NotAllowed(
            f"角色 {identity.role} 不能查看健康数据", f"the role {identity.role} may not see health data"
        )
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        found = await evidence.gather(
            conn,
            case_id,
            identity,
            health=health,
            made_by=identity.name,
            program=evidence.program(),
            now=now,
        )
        about: Detail = {"health": found.health, "entries": len(found.entries)}
        await audit(conn, services, identity, "evidence_exported", case_id, **about)
    return Response(
        evidence_page.page(found, evidence.seal(found, services.signer)),
        media_type="text/html; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="case-{found.case["number"]}.html"'},
    )
