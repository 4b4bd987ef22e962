"""`carebed-cloud admin notification ...` on a real database."""

import json
from pathlib import Path
from typing import Any

import pytest

from cloud.__main__ import main
from tests.cloud.notifications.conftest import Desk

pytestmark = pytest.mark.postgres


async def run(
    capsys: pytest.CaptureFixture[str], url: str, *words: str, code: int = 0, at: str = "2026-01-01T02:20:00Z"
) -> Any:
    import asyncio

    arguments = ["admin", "notification", *words, "--json", "--database-url", url, "--clock-start", at]
    assert await asyncio.to_thread(main, arguments) == code
    out, err = capsys.readouterr()
    return json.loads(out) if code == 0 else err


async def test_dead_letters_are_listed_given_an_address_and_sent_after_all(
    desk: Desk, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.use(desk.sms())
    whom = await desk.staff()
    id = await desk.queue(whom, template="supervisor_page")
    await desk.run()
    (item,) = (await run(capsys, database_url, "list"))["items"]
    assert (item["id"], item["state"], item["reason"]) == (str(id), "dead", "no_address")
    recipient = ("--kind", "staff", "--recipient", whom.id, "--channel", "sms")
    await run(capsys, database_url, "address", *recipient, "--address", "13900000000")
    await run(capsys, database_url, "retry", "--id", str(id))
    desk.clock.move(minutes=11)
    await desk.run()
    await desk.reaches(id, "delivered")
    refused = await run(capsys, database_url, "retry", "--id", str(id), code=1)
    assert "delivered" in refused


async def test_the_configuration_is_checked_before_it_is_needed(
    desk: Desk, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notifications.toml"
    path.write_text("[[provider]]\nname='a'\ndriver='http_sms'\nurl='http://x'\n")
    found = await run(capsys, database_url, "check", "--file", str(path))
    assert found["providers"] == [{"name": "a", "channel": "sms"}]
    path.write_text("[[provider]]\nname='a'\ndriver='pigeon'\n")
    assert "driver" in await run(capsys, database_url, "check", "--file", str(path), code=1)


async def test_the_overdue_list_names_people(
    desk: Desk, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await desk.queue(await desk.person("13800000000", "王芳"))
    desk.clock.move(hours=1)
    await desk.sender.keep()
    (item,) = (await run(capsys, database_url, "overdue"))["items"]
    assert (item["recipient_name"], item["state"]) == ("王芳", "expired")
