"""`carebed-cloud admin import FILE`: the import of the administrators' page, its findings row by row."""

import asyncio
from pathlib import Path
from typing import Any, Final, Unpack
from uuid import UUID

from cloud.access import store as access
from cloud.access.access import Identity
from cloud.access.acts import Act, Detail
from cloud.access.errors import InvalidInput
from cloud.commands.admin_actions import Arguments, Command, Desk, Made, Option
from cloud.imports import importing
from cloud.imports.importing import Choices, Defaults, Plan
from cloud.imports.matching import Duplicate
from cloud.imports.reader import MAX_FILE_BYTES
from firmware_specs.language import chinese

_EVERYBODY: Final = Identity(id=UUID(int=0), name="admin-cli", role="admin")
_WHY: Final = {
    "id_number": ("身份证号相同", "same ID-card number"),
    "birth_date": ("姓名和出生日期相同", "same name and birth date"),
    "phone": ("姓名和电话相同", "same name and telephone"),
}


async def import_file(desk: Desk, arguments: Arguments) -> Made:
    """What a file would do; without --dry-run it is then done, in one transaction."""
    content = await asyncio.to_thread(_read, Path(arguments.file))
    given: dict[str, Any] = {"identity": _EVERYBODY, "now": desk.now}
    given["defaults"] = Defaults(area=arguments.area or "", org=arguments.org or "")
    found = await importing.plan(desk.conn, desk.seal(), content, **given)
    made = _report(found)
    if arguments.dry_run:
        await _audit(desk, "import_checked", found, new=made["new"])
        return made
    if found.bad_rows and not arguments.leave_out_bad:
        zh = f"有 {found.bad_rows} 行有误，没有导入；请改正，或用 --leave-out-bad 先不导入这些行"
        en = f"{found.bad_rows} rows are wrong, nothing was imported: correct them, or use --leave-out-bad"
        lines = "\n".join(made["problems"])
        raise InvalidInput(f"{zh}\n{lines}", f"{en}\n{lines}")
    done = await importing.take_over(
        desk.conn,
        desk.seal(),
        content,
        digest=found.digest,
        choices=Choices(otherwise=arguments.duplicates or "skip"),
        leave_out_bad=arguments.leave_out_bad,
        **given,
    )
    counts = {name: getattr(done, name) for name in _DONE}
    await _audit(desk, "import_done", found, **counts)
    return counts | {"problems": made["problems"]}


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


_DONE: Final = ("created", "merged", "unchanged", "skipped", "left_out", "homes")


def _report(found: Plan) -> Made:
    zh = chinese()
    return {
        "new": len(found.matched.new),
        "unchanged": len(found.matched.unchanged),
        "bad": found.bad_rows,
        "duplicates": [_duplicate(other, zh=zh) for _, other in found.matched.duplicates],
        "problems": [
            f"第 {one.row} 行 {one.column} 列（{one.heading}）：{one.zh}"
            if zh
            else f"row {one.row}, column {one.column} ({one.heading}): {one.en}"
            for one in found.problems
        ],
        "left_out_sheets": found.left_out,
    }


def _duplicate(other: Duplicate, *, zh: bool) -> str:
    why = _WHY[other.why][0 if zh else 1]
    whose = other.known.name if other.known else ""
    if other.earlier_row is not None:
        whose = f"本文件第 {other.earlier_row} 行" if zh else f"row {other.earlier_row} of this file"
    return (
        f"第 {other.row} 行 {other.name}：{why}（{whose}）"
        if zh
        else (f"row {other.row} {other.name}: {why} ({whose})")
    )


async def _audit(desk: Desk, action: Act, found: Plan, /, **detail: Unpack[Detail]) -> None:
    subject = found.digest[:32]
    await access.write_audit(
        desk.conn, now=desk.now, actor="admin-cli", action=action, subject=subject, detail=detail
    )


COMMAND: Final = Command(
    "从 Excel 或 CSV 文件导入老人",
    "import elders from an Excel or CSV file",
    (
        Option("file", "登记表（.xlsx 或 CSV）", "the register, .xlsx or CSV", place=True),
        Option("dry_run", "只检查，不改动", "check only, change nothing", flag=True),
        Option("area", "没写区划的行归入（代码或名称）", "area of rows that name none, code or name"),
        Option("org", "没写机构的行归入（名称或编号）", "organisation of rows that name none"),
        Option(
            "duplicates",
            "可能重复的行怎样处理（默认跳过）",
            "what becomes of rows that may be known (default: skip)",
            values=("skip", "merge", "new"),
        ),
        Option("leave_out_bad", "先不导入有误的行", "leave the wrong rows out", flag=True),
    ),
    import_file,
    wrong="bad",
    labels={
        "new": ("新增", "new"),
        "unchanged": ("以前导入过", "imported before"),
        "bad": ("有误的行", "wrong rows"),
        "duplicates": ("可能重复", "perhaps known"),
        "problems": ("问题", "problems"),
        "left_out_sheets": ("没有读取的工作表", "sheets that were not read"),
        "created": ("新建", "created"),
        "merged": ("合并", "merged"),
        "skipped": ("跳过", "skipped"),
        "left_out": ("有误未导入", "wrong and left out"),
        "homes": ("新建住户", "homes made"),
    },
)
