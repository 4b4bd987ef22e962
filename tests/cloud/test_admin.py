"""`carebed-cloud admin`: creates what is needed, says secrets once, explains what is wrong."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcrypt
import psycopg
import pytest

from cloud.access.access import hash_secret
from cloud.commands import admin
from cloud.registry.sealing import load_seal, make_key_file

pytestmark = pytest.mark.postgres

Run = Callable[..., dict[str, Any]]


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    admin.add_parser(parser.add_subparsers(dest="program", required=True))
    return parser.parse_args(["admin", *arguments])


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "carebed.key"
    make_key_file(path)
    return path


@pytest.fixture
def place(database_url: str, key_file: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("LC_ALL", "C")
    return ["--database-url", database_url, "--key-file", str(key_file)]


@pytest.fixture
def run(place: list[str], capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str, expected: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        code = admin.run(parsed([*arguments, *place, "--json"]))
        said = capsys.readouterr()
        assert code == expected, said.err
        return json.loads(said.out) if code == 0 else {"err": said.err}

    return call


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(query).fetchall()


def test_a_whole_home_from_nothing(run: Run, database_url: str, key_file: Path) -> None:
    assert run("area", "create", "--code", "370502", "--name", "东营区")["parent_code"] is None
    run("org", "create", "--name", "康养中心")
    home = run(
        "home", "create", "--area", "370502", "--org", "康养中心", "--compound", "胜利小区", "--room", "501",
        "--lat", "37.43", "--lon", "118.67", "--door-code", "8842#", "--safe-radius-m", "300",
    )  # fmt: skip
    bed = run("bed", "create", "--home", home["id"], "--label", "主卧")
    run(
        "resident", "create", "--name", "王秀英", "--id-number", "11010519491231002X", "--bed", bed["id"],
        "--phone", "0546 123456",
        "--contact", "王芳，女儿，13800000000，key", "--contact", "李四,邻居,13900000000",
    )  # fmt: skip
    gateway = run("gateway", "create", "--id", "gw-1", "--home", home["id"])
    device = run(
        "device", "create", "--id", "zb-1", "--family", "sos", "--home", home["id"], "--bed", bed["id"],
        "--room", "bathroom", "--role", "sos",
    )  # fmt: skip
    assert device["installation_id"]
    stored = rows(database_url, "select secret_bcrypt from gateway")
    assert bcrypt.checkpw(gateway["secret"].encode(), stored[0][0].encode())
    cipher = rows(database_url, "select door_code_cipher from home")[0][0]
    assert load_seal(key_file).open(cipher, "home.door_code") == "8842#"
    assert rows(database_url, "select relation, has_key from contact order by position") == [
        ("女儿", True), ("邻居", False),
    ]  # fmt: skip
    actions = [row[0] for row in rows(database_url, "select action from audit order by id")]
    assert actions == [
        "area_created", "org_created", "home_created", "bed_created", "resident_created", "gateway_created",
        "device_created",
    ]  # fmt: skip


def test_a_users_password_is_said_once_and_kept_as_argon2id(run: Run, database_url: str) -> None:
    made = run("user", "create", "--username", "li", "--name", "李", "--role", "operator", "--area", "3705")
    assert len(made["password"]) >= 12
    stored = rows(database_url, "select password_hash, area_code, role from staff")
    assert stored[0][0].startswith("$argon2id$")
    assert stored[0][1:] == ("3705", "operator")
    again = run("user", "create", "--username", "li", "--name", "李", "--role", "operator", expected=1)
    assert "taken" in again["err"]
    assert run("user", "password", "--username", "li")["password"] != made["password"]


def test_a_token_is_kept_as_a_hash(run: Run, database_url: str) -> None:
    made = run("token", "create", "--name", "screen", "--role", "operator")
    assert rows(database_url, "select token_hash from api_token") == [(hash_secret(made["token"]),)]


def test_a_renewed_gateway_secret_replaces_the_old_one(run: Run, database_url: str) -> None:
    run("area", "create", "--code", "370502", "--name", "东营区")
    run("org", "create", "--name", "康养中心")
    first = run(
        "gateway", "create", "--id", "gw-p", "--kind", "protocol", "--area", "370502", "--org", "康养中心"
    )
    second = run("gateway", "secret", "--id", "gw-p")
    stored = rows(database_url, "select secret_bcrypt from gateway")[0][0].encode()
    assert not bcrypt.checkpw(first["secret"].encode(), stored)
    assert bcrypt.checkpw(second["secret"].encode(), stored)
    assert "no gateway" in run("gateway", "secret", "--id", "gw-x", expected=1)["err"]


@pytest.mark.parametrize("form", ["nats", "mosquitto"])
def test_broker_files_are_private_and_name_every_gateway(run: Run, tmp_path: Path, form: str) -> None:
    run("area", "create", "--code", "370502", "--name", "东营区")
    run("org", "create", "--name", "康养中心")
    run("gateway", "create", "--id", "gw-p", "--kind", "protocol", "--area", "370502", "--org", "康养中心")
    folder = tmp_path / "broker"
    made = run("broker-config", "--format", form, "--output", str(folder))
    assert made["gateways"] == 1
    assert any("gw-p" in Path(name).read_text(encoding="utf-8") for name in made["files"])
    assert all(Path(name).stat().st_mode & 0o077 == 0 for name in made["files"])
    again = run("broker-config", "--format", form, "--output", str(folder))
    assert again["services"] == made["services"]


def test_wrong_input_is_explained_and_nothing_is_kept(run: Run, database_url: str) -> None:
    assert "code" in run("area", "create", "--code", "x", "--name", "y", expected=1)["err"]
    run("area", "create", "--code", "370502", "--name", "东营区")
    run("org", "create", "--name", "康养中心")
    lost = run("home", "create", "--area", "370502", "--org", "康养中心", "--lat", "37", expected=1)
    assert "--lon" in lost["err"]
    bad = run(
        "resident", "create", "--name", "王", "--id-number", "110105194912310021", "--area", "370502",
        "--org", "康养中心", expected=1,
    )  # fmt: skip
    assert "check character" in bad["err"]
    assert rows(database_url, "select count(*) from person") == [(0,)]


def test_people_are_spoken_to_in_their_language(
    place: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    create = ["token", "create", "--name", "screen", "--role", "operator", *place]
    assert admin.run(parsed(create)) == 0
    assert "only this once" in capsys.readouterr().out
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert admin.run(parsed(create)) == 0
    assert "只显示这一次" in capsys.readouterr().out
    assert admin.run(parsed(["gateway", "secret", "--id", "gw-x", *place])) == 1
    assert "没有网关" in capsys.readouterr().err


def test_a_database_that_is_away_and_a_folder_where_nothing_runs_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    create = ["token", "create", "--name", "x", "--role", "operator"]
    assert admin.run(parsed([*create, "--database-url", "postgresql://127.0.0.1:1/x"])) == 1
    assert "127.0.0.1" in capsys.readouterr().err
    assert admin.run(parsed([*create, "--data-dir", str(tmp_path)])) == 1
    assert str(tmp_path) in capsys.readouterr().err


def test_sealed_fields_need_the_key_file(
    database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAREBED_KEY_FILE", raising=False)
    arguments = ["home", "create", "--area", "370502", "--org", "x", "--database-url", database_url]
    assert admin.run(parsed(arguments)) == 1
    assert "--key-file" in capsys.readouterr().err


def test_a_register_is_checked_row_by_row_and_then_imported(
    run: Run, place: list[str], tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    run("area", "create", "--code", "370502", "--name", "东营区")
    run("org", "create", "--name", "康养中心")
    file = tmp_path / "register.csv"
    file.write_bytes("姓名,身份证号,区划\n钱一,3.70502E+17,370502\n钱二,,东营区\n".encode("gb18030"))
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert admin.run(parsed(["import", str(file), "--dry-run", *place])) == 1
    said = capsys.readouterr().out
    assert "新增: 1" in said
    assert "第 2 行 B 列（身份证号）" in said
    told = run("import", str(file), expected=1)["err"]
    assert "没有导入" in told
    assert "第 2 行" in told
    assert rows(database_url, "select count(*) from resident") == [(0,)]
    assert run("import", str(file), "--leave-out-bad")["created"] == 1
    assert run("import", str(file), "--leave-out-bad")["unchanged"] == 1
    assert rows(database_url, "select name from person") == [("钱二",)]
