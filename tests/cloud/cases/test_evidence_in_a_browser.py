"""The verifier inside the evidence file, in a real browser, from a file on disk."""

from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from cloud.cases.signing import Signer
from cloud.database.pool import Connection
from tests.cloud.cases.test_evidence import a_signed_file
from tests.cloud.cases.test_evidence import signer as signer
from tests.programs import program


async def verdict(chromium: Path, file: Path) -> tuple[str, list[str], list[str]]:
    """What the page says, its findings, and every request it made."""
    asked: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        page = await browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(file.as_uri())
        await page.locator("#verify").click()
        await page.locator("#verdict.good, #verdict.bad").wait_for()
        said = await page.locator("#verdict").inner_text()
        findings = await page.locator("#findings li").all_inner_texts()
        await browser.close()
    return said, findings, asked


@pytest.mark.browser
async def test_the_page_verifies_itself_and_names_a_changed_entry(
    conn: Connection, signer: Signer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chromium = program("chromium", request)
    html = await a_signed_file(conn, signer)
    file = tmp_path / "evidence.html"
    file.write_text(html)
    said, findings, asked = await verdict(chromium, file)
    assert "verified" in said, findings
    assert len(findings) == 3
    assert "WRONG" not in "".join(findings)
    assert asked == [file.as_uri()], "it asks nobody for anything"
    file.write_text(html.replace("平安", "受伤"))
    said, findings, _ = await verdict(chromium, file)
    assert "NOT as recorded" in said
    assert "entry 5: its words were changed" in findings[0]
    page, mark, data = html.partition('<pre id="evidence-data"')
    file.write_text(page.replace("平安", "受伤") + mark + data)
    said, findings, _ = await verdict(chromium, file)
    assert "NOT as recorded" in said
    assert "entry 5: the page does not show" in findings[0]
