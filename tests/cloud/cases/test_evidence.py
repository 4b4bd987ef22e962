"""The evidence file: what it holds, who may have what, and that every change of it shows, offline."""

import asyncio
import json
import re
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloud.__main__ import main
from cloud.access.access import Identity
from cloud.access.errors import NotFound
from cloud.cases import evidence, evidence_check, evidence_page, readings, roots, store, timeline
from cloud.cases.evidence_check import Fault, check
from cloud.cases.hops import NAMES, hops
from cloud.cases.intake import lock
from cloud.cases.signing import Signer, load_signer, make_signing_key
from cloud.commands import case as case_commands
from cloud.database.pool import Connection
from tests.cloud import town
from tests.cloud.town import NOW, event, seconds

NEXT_DAY = datetime(2026, 1, 1, 16, 6, tzinfo=UTC)


@pytest.fixture
def signer(data_dir: Path) -> Signer:
    path = data_dir / "carebed-signing.pem"
    make_signing_key(path)
    return load_signer(path)


async def a_closed_case(conn: Connection) -> uuid.UUID:
    """An SOS that was shown, claimed, called back, noted, resolved and closed."""
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    await town.send(conn, home.gateway, event("sos", at=NOW - seconds(1)))
    case_id = (await town.care(conn)).id
    operator = await town.add_operator(conn, '值班员 <甲> & "乙"')
    async with conn.transaction():
        await store.shown(conn, case_id, operator, rings=1, now=NOW + seconds(1))
        await store.claim(conn, case_id, operator, now=NOW + seconds(5))
        await store.note(
            conn, case_id, operator, "</pre><script>alert('x')</script> 平安", now=NOW + seconds(9)
        )
        await store.resolve(conn, case_id, operator, now=NOW + seconds(90))
        await store.close(conn, case_id, operator, disposition="false_alarm", now=NOW + seconds(99))
    return case_id


async def a_file(conn: Connection, case_id: uuid.UUID, signer: Signer | None, *, health: bool = False) -> str:
    found = await evidence.gather(
        conn, case_id, town.EVERYONE, health=health, made_by="测试", program="carebed test", now=NEXT_DAY
    )
    return evidence_page.page(found, evidence.seal(found, signer))


async def a_signed_file(conn: Connection, signer: Signer) -> str:
    case_id = await a_closed_case(conn)
    assert await roots.sign_next_day(conn, signer, now=NEXT_DAY) is not None
    return await a_file(conn, case_id, signer)


async def test_a_file_as_written_holds_and_names_the_key(conn: Connection, signer: Signer) -> None:
    verdict = check(await a_signed_file(conn, signer), known_key=signer.key_id)
    assert verdict.faults == []
    assert (verdict.roots, verdict.sealed, verdict.key_ids) == (1, True, [signer.key_id])
    assert verdict.entries == len((await town.care(conn)).timeline)


async def test_a_file_asks_nobody_for_anything_and_runs_no_words_of_the_case(
    conn: Connection, signer: Signer
) -> None:
    html = await a_signed_file(conn, signer)
    assert not re.findall(r"""(?:src|href)\s*=|url\(|@import|fetch\(|https?://""", html)
    assert html.count("<script>") == 1
    assert "default-src 'none'" in html
    assert "&lt;script&gt;alert(" in html


async def test_every_hop_has_its_time_or_is_said_to_be_missing(conn: Connection) -> None:
    case_id = await a_closed_case(conn)
    found = hops(await timeline.read(conn, case_id))
    times = {hop.name: hop.at for hop in found}
    assert list(times) == list(NAMES)
    assert times["gateway"] == "2026-01-01T02:09:59.000Z"
    assert times["received"] == times["stored"] == "2026-01-01T02:10:00.000Z"
    assert times["shown"] == "2026-01-01T02:10:01.000Z"
    assert times["claimed"] == "2026-01-01T02:10:05.000Z"
    assert {name for name, at in times.items() if at is None} >= {"called", "dispatched", "arrived"}
    assert "缺失 / missing" in await a_file(conn, case_id, None)


def edit(html: str, old: str, new: str) -> str:
    assert old in html
    return html.replace(old, new)


async def test_any_edit_of_the_file_shows_and_names_the_entry(conn: Connection, signer: Signer) -> None:
    html = await a_signed_file(conn, signer)
    everywhere = edit(html, "平安", "受伤")
    assert check(everywhere).faults[:2] == [Fault(what="entry", n=5, word="payload"), Fault(what="seal")]
    page, data = html.split(evidence_page.DATA_TAG)
    only_shown = edit(page, "平安", "受伤") + evidence_page.DATA_TAG + data
    assert check(only_shown).faults == [Fault(what="shown_entry", n=5)]
    around = edit(html, "<h1>警情", "<h1>另一个警情")
    assert check(around).faults == [Fault(what="page", word="carebed test")]
    script = edit(html, "evidence.entries.length", "0")
    assert [fault.what for fault in check(script).faults] == ["page"]


async def test_an_entry_taken_out_of_the_data_is_named(conn: Connection, signer: Signer) -> None:
    html = await a_signed_file(conn, signer)
    page, rest = html.split(evidence_page.DATA_TAG)
    text, tail = rest.split("</pre>", 1)
    data = json.loads(evidence_page.unescaped(text))
    last = data["entries"].pop()

    def written() -> str:
        again = evidence_page._text(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
        return page + evidence_page.DATA_TAG + again + "</pre>" + tail

    faults = check(written()).faults
    assert faults[0] == Fault(what="root", n=last["n"], word="2026-01-01 entry_missing")
    assert Fault(what="seal") in faults
    data["entries"].append(last)
    del data["entries"][2]
    assert check(written()).faults[0] == Fault(what="entry", n=3, word="missing")


async def test_a_story_that_somebody_signed_anew_is_not_ours(conn: Connection, signer: Signer) -> None:
    case_id = await a_closed_case(conn)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    html = await a_file(conn, case_id, Signer(Ed25519PrivateKey.generate()))
    assert check(html).faults == []
    assert check(html, known_key=signer.key_id).faults == [Fault(what="key", word=signer.key_id)]


async def test_a_file_without_any_signature_still_proves_its_chain(conn: Connection) -> None:
    verdict = check(await a_file(conn, await a_closed_case(conn), None))
    assert (verdict.faults, verdict.sealed, verdict.key_ids) == ([], False, [])


async def test_erased_words_are_shown_as_erased_and_the_file_holds(conn: Connection, signer: Signer) -> None:
    case_id = await a_closed_case(conn)
    async with conn.transaction():
        await lock(conn, case_id)
        await timeline.erase(conn, case_id, [2, 5], actor="system", reason="request", now=NOW + seconds(200))
    html = await a_file(conn, case_id, signer)
    verdict = check(html)
    assert (verdict.faults, verdict.erased) == ([], 2)
    assert "平安" not in html
    assert "已删除 / erased" in html


@pytest.mark.parametrize("text", ["", "<html></html>", '<pre id="evidence-data" hidden>{}</pre>', "\0" * 9])
def test_anything_else_is_not_an_evidence_file(text: str) -> None:
    assert check(text).faults == [Fault(what="file")]


async def test_garbage_inside_a_file_never_raises(conn: Connection, signer: Signer) -> None:
    html = await a_signed_file(conn, signer)
    for old, new in (
        ("2026-01-01", "no-date"),
        ("&quot;n&quot;:", "&quot;n&quot;:9"),
        ("&quot;salt&quot;:&quot;", "&quot;salt&quot;:&quot;zz"),
        ("&quot;path&quot;:[", "&quot;path&quot;:[{},"),
        ("&quot;signature&quot;:&quot;", "&quot;signature&quot;:&quot;g"),
        ("&quot;sha256&quot;", "&quot;md5&quot;"),
    ):
        assert check(edit(html, old, new)).faults


async def test_another_area_sees_no_such_case(conn: Connection) -> None:
    case_id = await a_closed_case(conn)
    stranger = Identity(id=uuid.UUID(int=9), name="外区", role="supervisor", area_code="110101")
    with pytest.raises(NotFound):
        await evidence.gather(conn, case_id, stranger, health=False, made_by="", program="", now=NOW)


async def test_health_is_in_a_file_only_where_it_was_asked_for(conn: Connection, signer: Signer) -> None:
    case_id = await a_closed_case(conn)
    async with conn.transaction():
        await readings.keep(conn, case_id, now=NOW + seconds(99))
    await conn.execute(
        "insert into case_reading values (%s, 'watch-1', 'heart_rate', %s, %s, 123.5, null)",
        (case_id, NOW, NOW),
    )
    without, with_health = (
        await a_file(conn, case_id, signer),
        await a_file(conn, case_id, signer, health=True),
    )
    assert "123.5" not in without
    assert "Health data were left out" in without
    assert "123.5" in with_health
    assert check(with_health).faults == check(without).faults == []
    assert check(edit(with_health, "123.5", "66.5")).faults[0] == Fault(what="seal")


async def test_the_command_line_writes_and_checks_a_file(
    conn: Connection,
    database_url: str,
    data_dir: Path,
    signer: Signer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await a_closed_case(conn)
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("CAREBED_KEY_FILE", str(data_dir / "carebed.key"))
    number = str((await town.care(conn)).number)
    file = data_dir / "evidence.html"

    async def run(*arguments: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, ["case", *arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    database = ("--database-url", database_url)
    assert await run("evidence", number, "--output", str(file), *database) == (0, "")
    assert file.stat().st_mode & 0o077 == 0
    code, said = await run("verify", str(file), "--key-id", signer.key_id)
    assert code == 0, said
    assert f"case {number}: " in said
    assert await town.count(conn, "audit") == 1
    file.write_text(file.read_text().replace("平安", "受伤"))
    code, said = await run("verify", str(file))
    assert code == 1
    assert said.startswith("entry 5 has other words than were recorded\n")
    code, said = await run("verify", str(file), "--json")
    assert (code, json.loads(said)["ok"]) == (1, False)
    assert (await run("evidence", "999999", *database))[0] == 1
    assert (await run("verify", str(data_dir / "absent.html")))[0] == 1
    code, said = await run("verify-day", "2026-01-01", *database)
    assert (code, said) == (1, "the day has no signed root\n")
    await roots.sign_next_day(conn, signer, now=NEXT_DAY)
    code, said = await run("verify-day", "2026-01-01", *database)
    assert (code, said) == (0, f"2026-01-01: 1 cases are as they were signed, key id {signer.key_id}\n")
    code, said = await run("public-key")
    assert (code, signer.key_id in said, "BEGIN PUBLIC KEY" in said) == (0, True, True)


async def test_the_checker_needs_nothing_but_the_file(
    conn: Connection, signer: Signer, tmp_path: Path
) -> None:
    file = tmp_path / "evidence.html"
    file.write_text(await a_signed_file(conn, signer))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cloud", "case", "verify", str(file),
        cwd=Path(__file__).parents[3], env={"LANG": "zh_CN.UTF-8", "PATH": ""},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert "条正确" in out.decode()


def test_every_flaw_has_words() -> None:
    for fault in (*case_commands._FLAWS, "file"):
        assert case_commands._fault(Fault(what="entry", n=1, word=fault))
    assert evidence_check._NOT_EVIDENCE.faults
