"""Registers as Excel or CSV files: the template, a check that changes nothing, and the import itself."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from cloud.access.errors import InvalidInput
from cloud.api import import_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.texts import Word
from cloud.imports import importing
from cloud.imports.columns import letter
from cloud.imports.importing import Choices, Defaults, Plan
from cloud.imports.matching import Choice, Duplicate
from cloud.imports.template import MEDIA_TYPE, template

router = APIRouter(prefix="/import", tags=["administration"])

_SHOWN: Final = 1000
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "the file itself, 10 MB at most: .xlsx, or CSV in UTF-8 or GB18030",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_NUMBERS: Final = r"^([0-9]{1,6}(-[0-9]{1,6})?(,|$)){0,2000}$"
Area = Annotated[Word, Query(description="of rows that name no area: code or name")]
Org = Annotated[Word, Query(description="of rows that name no organisation: name or id")]
Rows = Annotated[str, Query(pattern=_NUMBERS, max_length=14_000, description="row numbers, such as 12,15-20")]


@router.get(
    "/template.xlsx",
    operation_id="get_import_template",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def get_import_template(identity: Caller) -> Response:
    """Chinese headings and one example row, which is left out when imported unchanged."""
    headers = {"Content-Disposition": 'attachment; filename="carebed-residents.xlsx"'}
    return Response(template(), media_type=MEDIA_TYPE, headers=headers)


@router.post("/dry-run", operation_id="check_import", response_model=shapes.ImportReport, openapi_extra=_BODY)
async def check_import(
    request: Request, identity: Caller, services: With, area: Area = "", org: Org = ""
) -> shapes.ImportReport:
    """What a file would do, naming each bad row and column; changes nothing."""
    content = await request.body()
    async with services.pool.connection() as conn, conn.transaction():
        found = await importing.plan(
            conn,
            services.seal,
            content,
            identity=identity,
            defaults=Defaults(area=area, org=org),
            now=services.clock.now(),
        )
        await audit(conn, services, identity, "import_checked", found.digest[:32], new=len(found.matched.new))
    return _report(found)


@router.post("", operation_id="run_import", response_model=shapes.ImportDone, openapi_extra=_BODY)
async def run_import(
    request: Request,
    identity: Caller,
    services: With,
    digest: Annotated[str, Query(pattern="^[0-9a-f]{32}-[0-9a-f]{32}$", description="of the check's report")],
    area: Area = "",
    org: Org = "",
    duplicates: Annotated[Choice, Query(description="what becomes of duplicates not named below")] = "skip",
    merge: Rows = "",
    new: Rows = "",
    skip: Rows = "",
    leave_out_bad: bool = False,
) -> shapes.ImportDone:
    """The checked file, in one transaction; the same file again changes nothing. 409: check it again."""
    chosen: dict[int, Choice] = {}
    named: dict[Choice, str] = {"merge": merge, "new": new, "skip": skip}
    for choice, text in named.items():
        chosen |= dict.fromkeys(_numbers(text), choice)
    content = await request.body()
    async with services.pool.connection() as conn, conn.transaction():
        done = await importing.take_over(
            conn,
            services.seal,
            content,
            digest=digest,
            choices=Choices(otherwise=duplicates, rows=chosen),
            leave_out_bad=leave_out_bad,
            identity=identity,
            defaults=Defaults(area=area, org=org),
            now=services.clock.now(),
        )
        shown = shapes.ImportDone.model_validate(done, from_attributes=True)
        await audit(conn, services, identity, "import_done", digest[:32], **shown.model_dump())
    return shown


def _numbers(text: str) -> list[int]:
    """`12,15-20` as numbers; raises InvalidInput for a range that runs backwards or is very long."""
    found: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        begin, end = int(first), int(last or first)
        if not begin <= end <= begin + 100_000 or len(found) > 200_000:
            raise InvalidInput(f"行号 {part} 不对", f"the row numbers {part} are wrong")
        found += range(begin, end + 1)
    return found


def _report(found: Plan) -> shapes.ImportReport:
    judged = found.judged
    return shapes.ImportReport(
        digest=found.digest,
        kind=found.kind,
        encoding=found.encoding,
        sheet=found.sheet,
        left_out_sheets=found.left_out[:50],
        heading_row=judged.heading_row,
        columns=[
            shapes.ImportColumn(column=letter(one.place), heading=one.heading, field=one.field)
            for one in judged.columns
        ],
        new=len(found.matched.new),
        unchanged=len(found.matched.unchanged),
        bad=found.bad_rows,
        examples=judged.examples,
        problems=[
            shapes.ImportProblem.model_validate(problem, from_attributes=True)
            for problem in found.problems[:_SHOWN]
        ],
        problem_count=len(found.problems),
        duplicates=[_duplicate(other) for _, other in found.matched.duplicates],
    )


def _duplicate(other: Duplicate) -> shapes.ImportDuplicate:
    known = None
    if other.known is not None:
        known = shapes.ImportKnown.model_validate(other.known, from_attributes=True)
    return shapes.ImportDuplicate(
        row=other.row,
        name=other.name,
        why=other.why,
        known=known,
        earlier_row=other.earlier_row,
        options=list(other.options),
    )
