"""Browser stories: the whole cloud as it is started for real, Debian's Chromium, one district a story."""

import fcntl
import json
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from cloud.console import build_hook
from tests.cloud.console.district import PASSWORDS, District, RunningCloud
from tests.cloud.console.proxy import Proxy, proxied
from tests.cloud.console.street import POST, Street
from tests.ports import free_port
from tests.programs import program
from tests.waiting import LIMIT_S

CONSOLE = Path(build_hook.__file__).parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]
# An idle connection is let go before the server would close it.
_NEVER_JUST_CLOSING = httpx.Limits(keepalive_expiry=2)
# The browser itself reports these: nobody is signed in yet; another operator was quicker.
_EXPECTED = re.compile(r"status of (401|409|429)")
# And this where a story lets the server refuse what was typed.
_REFUSED = re.compile(r"status of 422")


expect.set_options(timeout=LIMIT_S * 1000)


@dataclass
class Seat:
    """One browser window of its own profile; what went wrong in it fails the story."""

    page: Page
    home_url: str
    errors: list[str] = field(default_factory=list)
    link_may_break: bool = False
    input_may_be_refused: bool = False
    server_may_fail: bool = False

    def sign_in(self, username: str) -> Page:
        """Type name and password, and wait for the desk with a live line."""
        self.page.goto(self.home_url)
        self.page.get_by_label(re.compile("用户名|User name")).fill(username)
        self.page.get_by_label(re.compile("密码|Password")).fill(PASSWORDS[username])
        self.page.locator("button[type=submit]").click()
        self.page.locator('.link[data-link="live"]').wait_for()
        return self.page

    def heard(self, message: ConsoleMessage) -> None:
        """Keep what the page complains about."""
        if message.type in ("error", "warning") and not _EXPECTED.search(message.text):
            if (self.link_may_break and "net::" in message.text) or "WebSocket" in message.text:
                return
            if self.server_may_fail and "status of 500" in message.text:
                return
            if self.input_may_be_refused and _REFUSED.search(message.text):
                return
            self.errors.append(f"{message.type}: {message.text}")

    def asked(self, request: Request) -> None:
        """No request may leave this machine."""
        if urlsplit(request.url).hostname not in ("127.0.0.1", None):
            self.errors.append(f"request to {request.url}")


OpenSeat = Callable[..., Seat]


@pytest.fixture(scope="session")
def built_console() -> Path:
    """The console built from these very sources, where the machine can build it, by one worker."""
    with (Path(tempfile.gettempdir()) / f"carebed-console-{CONSOLE.stat().st_ino}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not build_hook.is_current(CONSOLE):
            if build_hook.npm_on_path() is None and build_hook.npm_of_wheel() is None:
                pytest.skip("the console is not built and there is no Node >= 20.19")
            build_hook.build(CONSOLE)
    return CONSOLE / "dist"


def token_for(data_dir: Path) -> str:
    """A new administrator's token."""
    words = ("token", "create", "--name", "stories", "--role", "admin", "--json", "--data-dir", str(data_dir))
    made = subprocess.run(
        [sys.executable, "-m", "cloud", "admin", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return str(json.loads(made.stdout)["token"])


@pytest.fixture(scope="session")
def cloud(built_console: Path) -> Iterator[RunningCloud]:
    """`carebed-cloud up` in a folder of its own, with an administrator's token."""
    folder = Path(tempfile.mkdtemp(prefix="carebed-console-"))
    folder.chmod(0o711)
    http_port, mqtt_port = free_port(), free_port()
    command = [sys.executable, "-m", "cloud", "up", "--data-dir", str(folder)]
    command += ["--http-port", str(http_port), "--mqtt-port", str(mqtt_port)]
    with (folder / "up.log").open("w") as log:
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert running.stdout is not None
    watchdog = threading.Timer(120, running.kill)
    watchdog.start()
    try:
        line = running.stdout.readline()
        assert line.startswith("ready"), (folder / "up.log").read_text()[-2000:]
        watchdog.cancel()
        url, token = f"http://127.0.0.1:{http_port}", token_for(folder)
        with httpx.Client(timeout=LIMIT_S, limits=_NEVER_JUST_CLOSING) as http:
            made = RunningCloud(url, http_port, mqtt_port, folder, token, http)
            made.post("/orgs", {"name": "康养中心"})
            made.post("/areas", {"code": "37", "name": "安澜市"})
            yield made
    finally:
        watchdog.cancel()
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(30)
        except subprocess.TimeoutExpired:
            running.kill()
        rmtree(folder, ignore_errors=True)


_areas = iter(range(100_001, 1_000_000))


@pytest.fixture(scope="session")
def street(cloud: RunningCloud) -> Iterator[Street]:
    """The agent and the simulated devices behind all stories."""
    made = Street(cloud.data_dir / "street", cloud.mqtt_port)
    about = {"id": POST, "kind": "protocol", "area_code": "37", "org": "康养中心"}
    made.open(cloud.post("/gateways", about)["secret"])
    yield made
    made.close()


@pytest.fixture
def district(cloud: RunningCloud, street: Street) -> District:
    area = f"37{next(_areas)}"
    cloud.post("/areas", {"code": area, "name": "安澜市滨江区"})
    return District(cloud, area, street)


@pytest.fixture
def proxy(cloud: RunningCloud) -> Iterator[Proxy]:
    """A line to the cloud that can be cut."""
    with proxied(cloud.http_port) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Chromium for one module: Playwright's own event loop must not outlive it, other tests need theirs."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program("chromium", request), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def open_seat(request: pytest.FixtureRequest, cloud: RunningCloud) -> Iterator[OpenSeat]:
    """Opens browser windows; at the end no page may have complained or asked another machine."""
    opened: list[Seat] = []

    def open_one(
        *,
        width: int = 1920,
        height: int = 1080,
        language: str = "zh",
        theme: str = "day",
        port: int | None = None,
    ) -> Seat:
        running: Browser = request.getfixturevalue("browser")
        context = running.new_context(
            viewport={"width": width, "height": height},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
        )
        context.set_default_timeout(LIMIT_S * 1000)
        context.add_init_script(
            "if (!localStorage.getItem('carebed.language')) {"
            f"localStorage.setItem('carebed.language', '{language}');"
            f"localStorage.setItem('carebed.theme', '{theme}');}}"
        )
        page = context.new_page()
        seat = Seat(page, f"http://127.0.0.1:{port or cloud.http_port}/")
        page.on("console", seat.heard)
        page.on("pageerror", lambda error: seat.errors.append(f"page error: {error}"))
        page.on("request", seat.asked)
        opened.append(seat)
        return seat

    yield open_one
    complaints = [complaint for seat in opened for complaint in seat.errors]
    for seat in opened:
        seat.page.context.close()
    assert complaints == []


@pytest.fixture
def axe() -> None:
    """Skip where axe-core is not installed."""
    if not (CONSOLE / "node_modules" / "axe-core").is_dir():
        pytest.skip("axe-core is not installed: run npm ci in cloud/console")
