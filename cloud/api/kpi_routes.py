"""How the desk did: figures over the timelines, as JSON and as a file for spreadsheets."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Response

from cloud.access.access import Identity
from cloud.access.acts import Detail
from cloud.access.errors import NotAllowed
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.case_routes import answer
from cloud.api.kpi_schemas import KpiReport
from cloud.api.services import Services
from cloud.api.texts import AreaCode
from cloud.api.times import GivenInstant, iso_ms
from cloud.kpi import tables
from cloud.kpi.store import Grouping, Kpi, compute
from cloud.shifts.shift import ZONE

router = APIRouter(tags=["kpi"])

Start = Annotated[GivenInstant, Query(alias="from", examples=["2026-01-01T00:00:00Z"])]
End = Annotated[GivenInstant, Query(alias="to", examples=["2026-01-01T08:00:00Z"])]
Groups = Annotated[Grouping, Query(alias="group")]
District = Annotated[AreaCode | None, Query(description="only this district, within the caller's own area")]
SHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "UTF-8 with BOM", "content": {"text/csv": {"schema": {"type": "string"}}}}
}
_XLSX: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "An Excel workbook",
        "content": {SHEET: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/kpi", operation_id="get_kpi", response_model=KpiReport)
async def get_kpi(
    identity: Caller, services: With, start: Start, end: End, group: Groups = "all", area: District = None
) -> Response:
    """Figures of the cases opened in a span (92 days at most) in the caller's area, beside the promises."""
    found = await _compute(services, _within(identity, area), start, end, group)
    return answer(
        {
            "start": iso_ms(found.span.start),
            "end": iso_ms(found.span.end),
            "as_of": iso_ms(found.span.as_of),
            "group": found.grouping,
            "total": found.total,
            "groups": found.groups,
            "promises": [
                msgspec.structs.asdict(item.promise) | {"reached": item.reached, "kept": item.kept}
                for item in found.promises
            ],
        }
    )


@router.get("/kpi.csv", operation_id="get_kpi_csv", response_class=Response, responses=_CSV)
async def get_kpi_csv(
    identity: Caller, services: With, start: Start, end: End, group: Groups = "all", area: District = None
) -> Response:
    """The same for a spreadsheet: one row a group, everything first."""
    found = await _compute(services, _within(identity, area), start, end, group)
    return _file(tables.as_csv(found).encode(), "text/csv; charset=utf-8", found, "csv")


@router.get("/kpi.xlsx", operation_id="get_kpi_xlsx", response_class=Response, responses=_XLSX)
async def get_kpi_xlsx(
    identity: Caller, services: With, start: Start, end: End, group: Groups = "all", area: District = None
) -> Response:
    """The same as a workbook: figures, promises, devices that rang most."""
    found = await _compute(services, _within(identity, area), start, end, group)
    from cloud.kpi import sheets  # half a second that only an export has to pay

    return _file(sheets.as_xlsx(found), SHEET, found, "xlsx")


def _file(content: bytes, media_type: str, found: Kpi, ending: str) -> Response:
    local = [f"{at.astimezone(ZONE):%Y%m%d}" for at in (found.span.start, found.span.end)]
    name = f"kpi-{'-'.join(local)}-{found.grouping}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


def _within(identity: Identity, area: str | None) -> Identity:
    """The caller as one of a district; raises NotAllowed for one that is not the caller's to see."""
    if area is None:
        return identity
    if not area.startswith(identity.area_code):
        raise NotAllowed("不在您的管辖范围内", "it is outside your area")
    return msgspec.structs.replace(identity, area_code=area)


async def _compute(
    services: Services, identity: Identity, start: datetime, end: datetime, group: Grouping
) -> Kpi:
    now = services.clock.now()
    async with services.pool.connection() as conn:
        found = await compute(conn, identity, start=start, end=end, grouping=group, now=now)
        detail: Detail = {
            "from": iso_ms(start),
            "to": iso_ms(end),
            "group": group,
            "area": identity.area_code,
        }
        await audit(conn, services, identity, "kpi_viewed", "kpi", **detail)
    return found
