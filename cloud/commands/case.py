"""`carebed-cloud case`: evidence of a case as a file, checking such a file anywhere, checking a day."""

import argparse
import asyncio
import getpass
import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.access import store as access
from cloud.access.access import Identity
from cloud.access.acts import Detail
from cloud.access.errors import NotFound
from cloud.cases import evidence, evidence_check, evidence_page, roots, timeline
from cloud.cases.chain import ALGORITHMS
from cloud.cases.evidence_check import Fault, Verdict
from cloud.cases.signing import Signer, SigningError, load_signer, public_pem
from cloud.config import DATABASE_URL, KEY_FILE, SIGNING_KEY, DataDir, default_data_dir
from cloud.database.pool import Connection, connect
from firmware_specs.clock import add_clock_arguments, clock_from
from firmware_specs.language import chinese

_LARGEST_FILE: Final = 256 * 1024 * 1024
_FLAWS: Final[dict[str, tuple[str, str]]] = {
    "missing": ("缺失", "is missing"),
    "order": ("次序不对", "is out of order"),
    "payload": ("内容被改动", "has other words than were recorded"),
    "previous": ("与上一条不衔接", "does not follow the one before"),
    "hash": ("哈希不符", "has a wrong hash"),
    "erased": ("被删除而没有记录", "was erased without a record of it"),
    "algorithm": ("所用算法本机没有", "is hashed with what this machine lacks"),
    "no_root": ("这一天没有签名根", "the day has no signed root"),
    "signature": ("签名不符", "the signature does not hold"),
    "day_before": ("与前一天的根不衔接", "it does not follow the day before"),
    "tree": ("与所含条目不符", "it is not the root of what it covers"),
    "entry_missing": ("签名时在的条目现已缺失", "an entry that was signed is gone"),
    "entry_changed": ("条目与签名时不同", "an entry is not the one that was signed"),
    "chain": ("链条断开", "the chain is broken"),
    "added_afterwards": ("签名后补入", "an entry was added afterwards"),
    "key": ("公钥与指纹不符", "key and key id differ"),
    "text": ("签名内容不可读", "the signed text cannot be read"),
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`case` and its verbs."""
    case = commands.add_parser("case", help="警情证据与校验 / evidence of cases, and checking it")
    verbs = case.add_subparsers(dest="verb", required=True, metavar="VERB")
    export = verbs.add_parser("evidence", help="导出证据文件 / write the evidence file")
    export.add_argument("id", help="警情编号或标识 / the case's number or id")
    export.add_argument("--output", type=Path, help="文件；默认标准输出 / file; default standard output")
    export.add_argument("--health", action="store_true", help="包含健康数据 / with health data")
    check = verbs.add_parser("verify", help="离线校验证据文件 / check an evidence file, offline")
    check.add_argument("file", type=Path)
    check.add_argument("--key-id", help="运营单位公布的公钥指纹 / the key id that was published")
    check.add_argument("--json", action="store_true", help="输出 JSON / print JSON")
    day = verbs.add_parser("verify-day", help="校验某天的全部警情 / check every case of a day")
    day.add_argument("day", type=date.fromisoformat, help="YYYY-MM-DD")
    day.add_argument("--json", action="store_true", help="输出 JSON / print JSON")
    key = verbs.add_parser("public-key", help="签名公钥与指纹 / the public key of the roots and its id")
    hashed = verbs.add_parser("hash", help="今后时间线所用的哈希 / the hash of timelines from now on")
    hashed.add_argument("algorithm", choices=ALGORITHMS)
    for verb in (export, day, key, hashed):
        verb.add_argument("--data-dir", type=Path, help="数据文件夹 / data folder")
        verb.add_argument("--database-url", help="数据库地址 / the database's address")
        add_clock_arguments(verb)


def run(parsed: argparse.Namespace) -> int:
    """Run one verb; 0 when it went well and all holds, 1 otherwise. Raises ConfigError, ValueError."""
    match parsed.verb:
        case "verify":
            return _verify(parsed)
        case "public-key":
            return _public_key(parsed)
        case "evidence":
            return asyncio.run(_evidence(parsed))
        case "verify-day":
            return asyncio.run(_verify_day(parsed))
        case _:
            return asyncio.run(_set_hash(parsed))


def database_of(parsed: argparse.Namespace) -> str:
    """The database's address: an option, else a variable, else what runs on the data folder."""
    url = parsed.database_url or (None if parsed.data_dir else os.environ.get(DATABASE_URL))
    return str(url or DataDir(parsed.data_dir or default_data_dir()).running()["database_url"])


def _signing_key(parsed: argparse.Namespace) -> Path:
    named = os.environ.get(KEY_FILE)
    if named and not parsed.data_dir:
        return Path(named).with_name(SIGNING_KEY)
    return DataDir(parsed.data_dir or default_data_dir()).signing_key_file


def _signer(parsed: argparse.Namespace) -> Signer | None:
    """The deployment's key; without it the file is written unsigned, and that is said."""
    try:
        return load_signer(_signing_key(parsed))
    except SigningError as error:
        words = ("文件未签名", "the file is not signed")
        _warn(f"{_say(*words)}: {error}")
        return None


async def _evidence(parsed: argparse.Namespace) -> int:
    now, actor = clock_from(parsed).now(), f"cli:{getpass.getuser()}"
    reader = Identity(id=UUID(int=0), name=actor, role="admin")
    try:
        async with await connect(database_of(parsed), name="carebed-case") as conn, conn.transaction():
            case_id = await _case_id(conn, parsed.id)
            found = await evidence.gather(
                conn,
                case_id,
                reader,
                health=parsed.health,
                made_by=actor,
                program=evidence.program(),
                now=now,
            )
            detail: Detail = {"health": found.health, "entries": len(found.entries)}
            await access.write_audit(
                conn, now=now, actor=actor, action="evidence_exported", subject=str(case_id), detail=detail
            )
    except NotFound as error:
        _warn(_say(error.zh, error.en))
        return 1
    text = evidence_page.page(found, evidence.seal(found, _signer(parsed)))
    if parsed.output is None:
        sys.stdout.write(text)
    else:
        parsed.output.touch(mode=0o600)
        parsed.output.write_text(text, encoding="utf-8")
    return 0


async def _case_id(conn: Connection, given: str) -> UUID:
    """A case by its number or id; raises NotFound."""
    if given.isascii() and given.isdecimal() and len(given) < 18:
        return await evidence.case_of_number(conn, int(given))
    try:
        return UUID(given)
    except ValueError:
        raise NotFound(f"没有警情 {given}", f"there is no case {given}") from None


def _verify(parsed: argparse.Namespace) -> int:
    try:
        if parsed.file.stat().st_size > _LARGEST_FILE:
            raise ValueError(_say("文件过大", "the file is too large"))
        text = parsed.file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{parsed.file}: {error}") from error
    verdict = evidence_check.check(text, known_key=parsed.key_id)
    if parsed.json:
        _print_json({"ok": not verdict.faults, "verdict": verdict})
    else:
        _tell(verdict, pinned=parsed.key_id is not None)
    return 1 if verdict.faults else 0


def _tell(verdict: Verdict, *, pinned: bool) -> None:
    for fault in verdict.faults:
        _out(_fault(fault))
    if verdict.case_number is None:
        return
    for key in verdict.key_ids:
        unchecked = "" if pinned else _say("（请与公布的指纹比对）", " (compare it with the published one)")
        _out(_say(f"公钥指纹 {key}", f"key id {key}") + unchecked)
    if not verdict.key_ids:
        _out(_say("没有任何签名：只证明链条自相一致", "no signature: the chain only agrees with itself"))
    if not verdict.faults:
        _out(
            _say(
                f"警情 {verdict.case_number}：{verdict.entries} 条正确（已删除 {verdict.erased}），"
                f"每日根 {verdict.roots} 个",
                f"case {verdict.case_number}: {verdict.entries} entries as recorded"
                f" ({verdict.erased} erased), {verdict.roots} daily roots",
            )
        )


def _fault(fault: Fault) -> str:
    flaw = fault.word.rpartition(" ")[2]
    zh, en = _FLAWS.get(flaw, (flaw, flaw))
    match fault.what:
        case "file":
            return _say("这不是证据文件", "this is not an evidence file")
        case "entry":
            return _say(f"第 {fault.n} 条{zh}", f"entry {fault.n} {en}")
        case "shown_entry":
            return _say(
                f"第 {fault.n} 条的页面文字与记录不同", f"entry {fault.n} is shown otherwise than recorded"
            )
        case "root":
            day = fault.word.partition(" ")[0]
            return _say(f"{day} 的每日根（第 {fault.n} 条）：{zh}", f"root of {day} (entry {fault.n}): {en}")
        case "seal":
            return _say("文件签名不符：内容在导出后被改", "the file was changed after it was signed")
        case "key":
            return _say(f"签名者不是 {fault.word}", f"it was not signed by {fault.word}")
        case "page":
            return _say(
                f"页面其余部分被改，或由其他版本（{fault.word}）生成",
                f"the page around the entries was changed, or made by another version ({fault.word})",
            )


async def _verify_day(parsed: argparse.Namespace) -> int:
    async with await connect(database_of(parsed), name="carebed-case") as conn:
        findings = await roots.verify_day(conn, parsed.day)
        root = await roots.find(conn, parsed.day)
    if parsed.json:
        _print_json({"ok": not findings, "day": parsed.day, "findings": findings})
        return 1 if findings else 0
    for finding in findings:
        where = "" if finding.case_id is None else f"{finding.case_id} #{finding.n}: "
        _out(where + _say(*_FLAWS[finding.flaw]))
    if not findings and root is not None:
        _out(
            _say(
                f"{root.day}：{root.leaves} 个警情与签名一致，公钥指纹 {root.key_id}",
                f"{root.day}: {root.leaves} cases are as they were signed, key id {root.key_id}",
            )
        )
    return 1 if findings else 0


def _public_key(parsed: argparse.Namespace) -> int:
    try:
        signer = load_signer(_signing_key(parsed))
    except SigningError as error:
        _warn(str(error))
        return 1
    _out(_say(f"公钥指纹 {signer.key_id}", f"key id {signer.key_id}"))
    sys.stdout.write(public_pem(signer.public_key))
    return 0


async def _set_hash(parsed: argparse.Namespace) -> int:
    async with await connect(database_of(parsed), name="carebed-case") as conn:
        await timeline.set_algorithm(conn, parsed.algorithm)
    _out(_say(f"今后的时间线用 {parsed.algorithm}", f"timelines use {parsed.algorithm} from now on"))
    return 0


def _print_json(value: Any) -> None:
    _out(json.dumps(msgspec.to_builtins(value), ensure_ascii=False))


def _say(zh: str, en: str) -> str:
    return zh if chinese() else en


def _out(text: str) -> None:
    sys.stdout.write(text + "\n")


def _warn(text: str) -> None:
    sys.stderr.write(f"carebed-cloud: {text}\n")
