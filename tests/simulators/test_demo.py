import argparse
import socket
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from firmware_specs.clock import add_clock_arguments
from simulators import demo_state
from simulators.demo import demo
from simulators.demo_page import page_app
from simulators.demo_state import Account, DemoState
from simulators.processes import SimulatorError, require_free
from simulators.registration import HomeRecord
from simulators.town import ACTIONS, Action, HomeView
from tests.ports import free_port

PORT = 8430
LOCAL = {"Host": f"127.0.0.1:{PORT}"}


class FakeHome:
    def __init__(self) -> None:
        self.done: list[Action] = []

    def view(self) -> HomeView:
        return HomeView(
            id="gw-1",
            label="桂花苑 1号楼",
            residents=["王秀英"],
            kind="light",
            online=True,
            activity="out",
            active=[],
        )

    async def act(self, action: Action) -> None:
        if action == "gateway_off":
            raise SimulatorError("it does not end")
        self.done.append(action)


def _page() -> tuple[TestClient, FakeHome]:
    home = FakeHome()
    return TestClient(page_app({"gw-1": home}, "http://127.0.0.1:8420", PORT)), home


def test_the_page_shows_homes_and_sends_what_is_pressed() -> None:
    page, home = _page()
    town = page.get("/api/town", headers=LOCAL).json()
    assert town["homes"][0]["label"] == "桂花苑 1号楼"
    assert page.post("/api/homes/gw-1", json={"action": "sos"}, headers=LOCAL).json() == {"ok": True}
    assert home.done == ["sos"]
    refused = page.post("/api/homes/gw-1", json={"action": "gateway_off"}, headers=LOCAL)
    assert (refused.status_code, refused.json()["reason"]) == (503, "it does not end")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{}", 422), (b"\xff", 422), (b'{"action":"explode"}', 422), (b"[1]", 422), (b"x" * 5000, 422)],
)
def test_nonsense_is_refused(body: bytes, status: int) -> None:
    page, home = _page()
    assert page.post("/api/homes/gw-1", content=body, headers=LOCAL).status_code == status
    assert page.post("/api/homes/gw-9", json={"action": "sos"}, headers=LOCAL).status_code == 404
    assert home.done == []


def test_another_site_or_another_host_name_may_not_press_buttons() -> None:
    page, home = _page()
    foreign = LOCAL | {"Origin": "http://evil.example"}
    assert page.post("/api/homes/gw-1", json={"action": "sos"}, headers=foreign).status_code == 403
    assert page.get("/api/town", headers={"Host": "evil.example:8430"}).status_code == 403
    assert home.done == []


def test_the_page_has_no_inline_script_and_forbids_foreign_ones() -> None:
    page, _ = _page()
    answer = page.get("/", headers=LOCAL)
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "<script>" not in answer.text
    assert "onclick" not in answer.text
    script = page.get("/town.js", headers=LOCAL).text
    for action in ACTIONS:
        assert f"{action}:" in script


def test_the_town_is_kept_for_this_user_only_and_read_again(tmp_path: Path) -> None:
    home = HomeRecord(seed=1, home_id="h", label="l", lat=1, lon=2, radius_m=3, gateway="gw-1", secret="s")
    account = Account(username="operator", password="p")
    state = DemoState(admin_token="t", operator=account, supervisor=account, homes=[home], fleet=[])
    assert demo_state.read(tmp_path) is None
    demo_state.write(tmp_path, state)
    assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600
    assert demo_state.read(tmp_path) == state
    (tmp_path / "demo.json").write_text("{")
    with pytest.raises(SimulatorError, match=r"demo\.json"):
        demo_state.read(tmp_path)


def test_a_busy_port_is_named_with_the_option_to_change_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SimulatorError, match=rf"{port}.*the page.*--page-port"):
            require_free(port, "the page", "--page-port")


async def test_a_town_that_was_never_finished_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "cloud").mkdir()
    parser = argparse.ArgumentParser()
    add_clock_arguments(parser)
    ports = {name: free_port() for name in ("http_port", "mqtt_port", "page_port")}
    parser.set_defaults(data_dir=str(tmp_path), **ports)
    with pytest.raises(SimulatorError, match=rf"{tmp_path}.*Delete that folder, begin anew"):
        await demo(parser.parse_args([]))
