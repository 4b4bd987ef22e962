"""`carebed-cloud admin <noun> <verb>`: creates what the API's admins create, straight in the database.

Needs a cloud that runs on --data-dir, or --database-url (and the key file for sealed columns).
A generated secret is printed once and kept only as a hash.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args
from uuid import UUID

import psycopg
from pydantic import ValidationError

from cloud.access.access import WALL_ROLE, Role
from cloud.access.errors import CareBedError
from cloud.commands import admin_actions as do
from cloud.commands import imports, notifications
from cloud.commands.admin_actions import Command, Desk, Option
from cloud.config import DATABASE_URL, KEY_FILE, ConfigError, DataDir, default_data_dir
from cloud.database.pool import connect
from cloud.registry.sealing import Seal, SealError, load_seal
from firmware_specs.clock import Clock, add_clock_arguments, clock_from
from firmware_specs.language import chinese

_NAME: Final = Option("name", "名称", "name", required=True)
_ROLE: Final = Option("role", "角色", "role", required=True, values=get_args(Role))
_TOKEN_ROLE: Final = Option("role", "角色", "role", required=True, values=(*get_args(Role), WALL_ROLE))
_AREA: Final = Option("area", "区划代码（只看到以它开头的）", "area code; only what starts with it is seen")
_IN_AREA: Final = Option("area", "区划代码", "area code")
_ORG: Final = Option("org", "机构名称或编号", "organisation, by name or id")
_USERNAME: Final = Option("username", "登录名", "user name", required=True)
_STDIN: Final = Option(
    "password_stdin", "从标准输入读密码，而不生成", "read the password from standard input", flag=True
)
_HOME: Final = Option("home", "住户编号", "home id", type=UUID)
_BED: Final = Option("bed", "床位编号", "bed id", type=UUID)
_ROOM: Final = Option("room", "房间", "room")
_ID: Final = Option("id", "编号 [a-z0-9-]", "id, of a-z, 0-9 and hyphens", required=True)

COMMANDS: Final[dict[tuple[str, str], Command]] = {
    ("user", "create"): Command(
        "建立用户",
        "create a user",
        (_USERNAME, _NAME, _ROLE, _AREA, _ORG, _STDIN),
        do.create_user,
        ("password",),
    ),
    ("user", "password"): Command(
        "重设密码", "set a new password", (_USERNAME, _STDIN), do.set_password, ("password",)
    ),
    ("token", "create"): Command(
        "为程序建立令牌",
        "create a program's token",
        (_NAME, _TOKEN_ROLE, _AREA, _ORG),
        do.create_token,
        ("token",),
    ),
    ("area", "create"): Command(
        "建立区划",
        "create an area",
        (Option("code", "GB/T 2260 代码", "GB/T 2260 code", required=True), _NAME),
        do.create_area,
    ),
    ("org", "create"): Command("建立机构", "create an organisation", (_NAME,), do.create_org),
    ("home", "create"): Command(
        "建立住户",
        "create a home",
        (
            Option("area", "区划代码", "area code", required=True),
            Option("org", "机构名称或编号", "organisation, by name or id", required=True),
            Option("street", "街道", "street"),
            Option("compound", "小区", "compound"),
            Option("building", "楼", "building"),
            Option("unit", "单元", "unit"),
            Option("room", "室", "room"),
            Option("lat", "纬度 WGS-84", "latitude, WGS-84", type=float),
            Option("lon", "经度 WGS-84", "longitude, WGS-84", type=float),
            Option("access_note", "如何进门", "how to get in"),
            Option("door_code", "门锁密码（加密保存）", "door code, stored sealed"),
            Option("safe_radius_m", "安全围栏半径（米）", "radius of the safe zone, metres", type=float),
        ),
        do.create_home,
    ),
    ("bed", "create"): Command(
        "建立床位",
        "create a bed",
        (Option("home", "住户编号", "home id", required=True, type=UUID), Option("label", "名称", "label")),
        do.create_bed,
    ),
    ("resident", "create"): Command(
        "登记老人",
        "register an elder",
        (
            _NAME,
            Option("sex", "性别", "sex", values=("female", "male", "unknown")),
            Option("birth_date", "出生日期 YYYY-MM-DD", "birth date, YYYY-MM-DD"),
            Option("phone", "电话（可多次）", "phone; may be repeated", many=True),
            Option("id_number", "身份证号（加密保存）", "ID-card number, stored sealed"),
            _BED,
            _IN_AREA,
            _ORG,
            Option(
                "contact",
                "联系人 姓名,关系,电话[,key]（可多次）",
                "contact: name,relation,phone[,key]; may be repeated",
                type=do.contact,
                many=True,
            ),
        ),
        do.create_resident,
    ),
    ("family", "bind"): Command(
        "家属账号可查看一位老人",
        "let a family account see an elder",
        (
            _USERNAME,
            Option("resident", "老人编号", "the elder's id", required=True, type=UUID),
            Option("contact", "已登记的联系人姓名", "the contact's registered name", required=True),
            Option("consent", "老人以何种形式同意", "in what form the elder agreed", required=True),
            Option("location", "也同意家属查看位置", "they agreed to be seen on the map, too", flag=True),
        ),
        do.bind_family,
    ),
    ("gateway", "create"): Command(
        "建立网关",
        "create a gateway",
        (_ID, _HOME, Option("kind", "类型", "kind", values=("home", "protocol")), _IN_AREA, _ORG),
        do.create_gateway,
        ("secret",),
    ),
    ("gateway", "secret"): Command(
        "更换网关密钥", "renew a gateway's secret", (_ID,), do.renew_gateway_secret, ("secret",)
    ),
    ("device", "create"): Command(
        "登记设备",
        "register a device",
        (
            _ID,
            Option("family", "类别", "family", required=True),
            Option("model", "型号", "model"),
            _HOME,
            _BED,
            _ROOM,
            Option("role", "用途，如 sos", "role, such as sos"),
        ),
        do.create_device,
    ),
    **notifications.COMMANDS,
}
_BARE: Final[dict[str, Command]] = {"import": imports.COMMAND}
_BARE["broker-config"] = Command(
    "为自有的消息服务器写出用户与权限",
    "write users and permissions for a broker of your own",
    (
        Option("format", "格式", "format", required=True, values=("nats", "mosquitto")),
        Option("output", "目录", "folder", required=True, type=Path),
        Option("store_dir", "nats 的存储目录", "nats: where JetStream stores", type=Path),
    ),
    do.broker_config,
)


def _words(zh: str, en: str) -> str:
    return zh if chinese() else en


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `admin` with its nouns and verbs to a program's subcommands."""
    admin = subparsers.add_parser(
        "admin", help=_words("管理：用户、住户、网关、设备", "users, homes, gateways, devices")
    )
    nouns = admin.add_subparsers(dest="noun", required=True, metavar="NOUN")
    verbs: dict[str, Any] = {}
    for (noun, verb), command in COMMANDS.items():
        if noun not in verbs:
            parser = nouns.add_parser(noun)
            verbs[noun] = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        _add_command(verbs[noun].add_parser(verb, help=_words(command.zh, command.en)), command)
    for noun, command in _BARE.items():
        _add_command(nouns.add_parser(noun, help=_words(command.zh, command.en)), command)


def _add_command(parser: argparse.ArgumentParser, command: Command) -> None:
    for option in command.options:
        name = "--" + option.name.replace("_", "-")
        said: dict[str, Any] = {"help": _words(option.zh, option.en)}
        if option.place:
            parser.add_argument(option.name, metavar=option.name.upper(), type=option.type, **said)
            continue
        if option.flag:
            said["action"] = "store_true"
        else:
            said |= {"required": option.required, "type": option.type}
            said |= {"choices": option.values} if option.values else {"metavar": option.name.upper()}
            said |= {"action": "append"} if option.many else {}
        parser.add_argument(name, dest=option.name, **said)
    parser.add_argument("--json", action="store_true", help=_words("输出一行 JSON", "print one line of JSON"))
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--data-dir", type=Path, help=_words("正在运行的云端的数据目录", "data folder of a running cloud")
    )
    place.add_argument("--database-url", help=_words("数据库地址", "address of the database"))
    parser.add_argument("--key-file", type=Path, help=_words("加密密钥文件", "key file of sealed columns"))
    add_clock_arguments(parser)
    parser.set_defaults(admin_command=command)


def run(arguments: argparse.Namespace) -> int:
    """Carry out a parsed command: 0, or 1 with the reason on standard error."""
    try:
        made = asyncio.run(_run(arguments, clock_from(arguments)))
    except CareBedError as error:
        return _refuse(_words(error.zh, error.en))
    except ValidationError as error:
        return _refuse("; ".join(_mistakes(error)))
    except (ConfigError, SealError, ValueError, OSError) as error:
        return _refuse(str(error))
    except psycopg.Error as error:
        return _refuse(_words(f"数据库出错：{error}", f"the database failed: {error}"))
    _show(arguments, made)
    return 1 if made.get(arguments.admin_command.wrong) else 0


def _mistakes(error: ValidationError) -> Iterator[str]:
    for item in error.errors():
        field = ".".join(str(part) for part in item["loc"])
        yield f"{field}: {item['msg']}"


def _refuse(reason: str) -> int:
    sys.stderr.write(f"carebed-cloud admin: {reason}\n")
    return 1


def _show(arguments: argparse.Namespace, made: dict[str, Any]) -> None:
    if arguments.json:
        sys.stdout.write(json.dumps(made, ensure_ascii=False) + "\n")
        return
    labels = arguments.admin_command.labels
    for name, value in made.items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
        if name in labels and isinstance(value, list):
            text = "".join(f"\n  {line}" for line in value) or "0"
        label = _words(*labels[name]) if name in labels else name
        sys.stdout.write(f"{label}: {'' if text is None else text}\n")
    if arguments.admin_command.once:
        sys.stdout.write(
            _words(
                "以上密钥只显示这一次，请立即妥善保存。", "The secret is shown only this once; keep it now."
            )
            + "\n"
        )


async def _run(arguments: argparse.Namespace, clock: Clock) -> dict[str, Any]:
    url, key_file, data_dir = _where(arguments)

    @cache
    def seal() -> Seal:
        if key_file is None:
            raise ConfigError(
                _words(
                    f"请用 --key-file 或 {KEY_FILE} 给出密钥文件",
                    f"name the key file with --key-file or {KEY_FILE}",
                )
            )
        return load_seal(key_file)

    conn = await connect(url, name="carebed-admin")
    async with conn, conn.transaction():
        made: dict[str, Any] = await arguments.admin_command.act(
            Desk(conn, clock.now(), seal, data_dir), arguments
        )
        return made


def _where(arguments: argparse.Namespace) -> tuple[str, Path | None, DataDir | None]:
    """Database address, key file and data folder: an option, else a variable, else the default folder."""
    named = arguments.key_file or (Path(os.environ[KEY_FILE]) if os.environ.get(KEY_FILE) else None)
    url = arguments.database_url or (None if arguments.data_dir else os.environ.get(DATABASE_URL))
    if url:
        return url, named, None
    folder = DataDir(arguments.data_dir or default_data_dir())
    facts = folder.running()
    return facts["database_url"], named or Path(facts["key_file"]), folder
