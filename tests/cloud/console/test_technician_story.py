"""A technician checks a home, telephone in hand; who answers for the home sees it afterwards."""

import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect

from edge.page.access import hashed
from firmware_specs import topics
from firmware_specs.clock import Clock
from firmware_specs.ids import uuid7
from firmware_specs.messages import Birth, ClockState, Command, Event, Result, TelemetryBatch, decode, encode
from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.district import District, Home, RunningCloud
from tests.cloud.console.looks import DESK, PHONE, check, check_everywhere
from tests.cloud.console.test_phone_stories import Desk, open_phone, the_case
from tests.edge import stand
from tests.mqtt_client import TestClient, mqtt_client
from tests.ports import free_port
from tests.waiting import LIMIT_S, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
RUN = uuid.uuid4().hex[:16]


class Box:
    """The home's gateway: it answers orders, and marks events as tests while it is told to."""

    def __init__(self, home: Home, client: TestClient) -> None:
        self.home, self.client, self.seq = home, client, 0
        self.tested: list[str] = []

    def answers(self, op: str) -> None:
        """Whatever is ordered, up to such an order."""
        while True:
            order = decode(bytes(self.client.next(30).payload), Command)
            done = Result(id=order.id, status="done")
            if order.op == "ping":
                done = msgspec.structs.replace(done, at=Clock().now_ms(), clock=ClockState())
            elif order.op == "test_mode":
                self.tested = list(order.args["devices"])
            self.say("result", encode(done))
            if order.op == op:
                return

    def say(self, channel: str, payload: bytes) -> None:
        self.client.publish(topics.up(self.home.gateway, channel), payload)

    def press(self, device: str) -> None:
        self.seq += 1
        now = Clock().now_ms()
        test = device in self.tested
        about: dict[str, Any] = {"kind": "sos", "device": device, "test": test}
        event = Event(id=str(uuid7(now)), run=RUN, boot="b", seq=self.seq, at=now, **about)
        self.say("event", msgspec.json.encode(event))

    def measure(self, device: str, kind: str, value: float) -> None:
        self.seq += 1
        now = Clock().now_ms()
        columns: dict[str, Any] = {"devices": [device], "kinds": [kind], "d": [0], "k": [0], "dt": [0]}
        about = columns | {"value": [value], "sent_at": now, "t0": now}
        self.say("telemetry", encode(TelemetryBatch(run=RUN, boot="b", seq=self.seq, **about)))


@contextmanager
def box(cloud: RunningCloud, home: Home) -> Iterator[Box]:
    with mqtt_client(cloud.mqtt_port, home.gateway, home.secret) as client:
        assert client.subscribe(topics.down(home.gateway, "command"))
        birth = Birth(run=RUN, boot="b", started_at=Clock().now_ms(), agent_version="1", adapters=["modem"])
        client.publish(topics.state(home.gateway, "birth"), encode(birth))
        yield Box(home, client)


def step(page: Page, key: str, state: str) -> Any:
    return page.locator(f'[data-step="{key}"][data-state="{state}"]')


def test_a_home_is_checked_step_by_step_and_not_finished_without_a_reason(
    cloud: RunningCloud, district: District, open_seat: OpenSeat, axe: None
) -> None:
    home = district.home("张桂兰")
    desk = Desk(cloud, district.operator("王敏"))
    page = open_phone(open_seat, "tech", district.operator("李强", "technician")).page
    with box(cloud, home) as gateway:
        page.get_by_label("网关、设备、床位编号或地址").fill(home.watch.upper())
        page.get_by_role("button", name="查找住户").click()
        expect(page.locator(".tech-home")).to_contain_text(home.gateway)
        check(page, "tech-home", small=False)
        page.get_by_role("button", name="开始验收").click()
        gateway.answers("ping")
        expect(step(page, f"gateway:{home.gateway}", "passed")).to_contain_text("毫秒")
        expect(step(page, f"clock:{home.gateway}", "passed")).to_contain_text("对时：网络时间")

        page.get_by_role("button", name="开测试").click()
        expect(page.locator("[data-test-mode]")).to_contain_text("还有 14:5")
        gateway.answers("test_mode")
        gateway.press(home.watch)
        desk.post(f"/cases/{the_case(district)}/claim")
        expect(step(page, f"alarm:{home.watch}", "passed")).to_contain_text("到坐席")
        assert [case["class"] for case in district.cases()] == ["test"]
        gateway.measure(home.mat, "in_bed", 1)
        expect(step(page, "room:", "passed")).to_contain_text("床位")

        hotline = step(page, f"hotline:{home.watch}", "waiting")
        hotline.get_by_label("手表 SIM 卡号码").fill("13812345678")
        hotline.get_by_role("button", name="写入手表").click()
        gateway.answers("order")
        expect(hotline).to_contain_text("请用手表打一次热线")
        check_everywhere(page, "tech-walk", PHONE)

        page.get_by_role("button", name="完成", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("项没有通过，也没有写原因")
        first = page.locator("li:has(textarea)")
        key = first.get_attribute("data-step")
        first.get_by_label("为什么没有通过").fill("客户不在家，改日补测")
        first.get_by_role("button", name="保存原因").click()
        expect(page.locator(f'[data-step="{key}"]')).to_contain_text("原因：客户不在家")
        checklist = f"/checklists/{page.url.rpartition('/')[2]}"
        for missing in cloud.get(checklist)["missing"]:
            cloud.post(f"{checklist}/reasons", {"step": missing, "reason": "设备还在路上"})
        expect(page.get_by_text("每一项都通过或写了原因")).to_be_visible()
        page.get_by_role("button", name="完成", exact=True).click()
        expect(page.locator("[data-section=ended]")).to_contain_text("李强")
        expect(page.locator("[data-section=ended]")).to_be_in_viewport()
        check_everywhere(page, "tech-ended", PHONE)
        expect(page.locator("[data-test-mode]")).to_have_count(0)

    chief = open_seat()
    chief.home_url += f"resident/{home.resident_id}"
    record = chief.sign_in(district.operator("周班长", "supervisor"))
    record.get_by_role("button", name="床位档案").click()
    record.locator(".checks").get_by_role("button", name="查看").click()
    expect(record.locator(".tech-record")).to_contain_text("客户不在家，改日补测")
    check(record, "bed-checks", small=True)


@contextmanager
def agent(folder: Path, door: int, page: int) -> Iterator[None]:
    """A gateway's agent with a door for watches and the technician's page; its cloud does not answer."""
    settings = f'[page]\nport = {page}\npassword_hash = "{hashed("a long password", b"salt")}"\n'
    broker = stand.Broker(folder, free_port())
    path = stand.write_config(folder, broker, more=settings, port=door)
    running = subprocess.Popen([sys.executable, "-m", "edge", "run", "--config", str(path)])
    try:
        yield
    finally:
        running.terminate()
        running.wait(LIMIT_S)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_gateways_own_page_keeps_the_rules_too(open_seat: OpenSeat, tmp_path: Path, axe: None) -> None:
    door, port = free_port(), free_port()
    page = open_seat(width=PHONE[0][0], height=PHONE[0][1]).page
    with agent(tmp_path, door, port):
        wait_until(lambda: listens(port) and listens(door))
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_label("密码").fill("a long password")
        check_everywhere(page, "gateway-sign-in", PHONE)
        page.get_by_role("button", name="进入").click()
        page.get_by_role("button", name="开始 15 分钟").click()
        with socket.create_connection(("127.0.0.1", door)) as watch:
            watch.sendall(stand.heart_rate(72) + stand.sos())
            expect(page.locator("#events")).to_contain_text("紧急求助")
            expect(page.locator("#devices")).to_contain_text(stand.DEVICE)
            expect(page.locator("#test")).to_contain_text("测试中 14:")
            check_everywhere(page, "gateway", (*PHONE, *DESK))
