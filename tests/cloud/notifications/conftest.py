"""A desk with simulated providers: a real database, the far ends on a port, receipts at the real API."""

import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from cloud.api.services import Services
from cloud.database.pool import Connection, Pool
from cloud.notifications import store
from cloud.notifications.aliyun import AliyunAccount, AliyunSms, AliyunTemplate
from cloud.notifications.base import Facts
from cloud.notifications.channel import Provider
from cloud.notifications.generic import Interface
from cloud.notifications.mail import Mail, MailServer
from cloud.notifications.notification import Channel, Notification, Recipient
from cloud.notifications.queue import queue
from cloud.notifications.sender import Sender
from cloud.notifications.sms import HttpSms
from cloud.notifications.voice import VoiceCall
from cloud.notifications.webhook import Endpoint, Webhook
from cloud.notifications.wechat import WeChat, WeChatAccount, WeChatTemplate
from cloud.registry.sealing import Seal
from firmware_specs.clock import Clock
from simulators.far_ends import FarEnds
from simulators.far_mail import MailSink
from simulators.far_server import serving as far_serving
from tests.cloud.api.conftest import serving
from tests.cloud.town import AREA, LONG_AGO, NOW, add_home, ms
from tests.waiting import until

SECRET = "far-end-secret"


@dataclass(frozen=True)
class StandingClock(Clock):
    """Stands until it is moved."""

    at: list[datetime] = field(default_factory=lambda: [NOW])

    def now_ms(self) -> int:
        return ms(self.at[0])

    def move(self, **step: float) -> None:
        self.at[0] += timedelta(**step)


@dataclass
class Desk:
    """What the tests speak with."""

    conn: Connection
    pool: Pool
    clock: StandingClock
    far: FarEnds
    mail: MailSink
    far_url: str
    mail_port: int
    api_url: str
    providers: list[Provider]
    receipts: dict[str, Provider]
    case_id: uuid.UUID
    resident_id: uuid.UUID

    @property
    def sender(self) -> Sender:
        """A worker of its own."""
        return Sender(self.pool, self.providers, self.clock)

    def use(self, *providers: Provider) -> None:
        """Add providers; their receipts are taken."""
        for provider in providers:
            self.providers.append(provider)
            self.receipts[provider.name] = provider

    def interface(self, kind: str, name: str, **others: Any) -> Interface:
        """How to speak with the simulated far end of a kind."""
        callback = f"{self.api_url}/api/v1/notifications/receipts/{name}"
        given: dict[str, Any] = {"url": f"{self.far_url}/{kind}", "query_url": f"{self.far_url}/{kind}"}
        given |= {"callback_url": callback, "callback_secret": SECRET.encode(), "callback_signed": True}
        return Interface(**given | others)

    def voice(self, name: str = "voice", **others: Any) -> VoiceCall:
        return VoiceCall(_facts(name, others), self.interface("voice", name, **others))

    def sms(self, name: str = "sms", **others: Any) -> HttpSms:
        return HttpSms(_facts(name, others), self.interface("sms", name, **others))

    def aliyun(self, name: str = "aliyun") -> AliyunSms:
        self.far.reports_to["aliyun"] = f"{self.api_url}/api/v1/notifications/receipts/{name}?token={SECRET}"
        account = AliyunAccount(
            access_key_id="test-key",
            access_key_secret=SECRET.encode(),
            sign_name="颐养床位",
            templates={"emergency_contact": AliyunTemplate("SMS_1", {"name": "name", "where": "place"})},
            callback_secret=SECRET.encode(),
            endpoint=f"{self.far_url}/aliyun",
        )
        return AliyunSms(Facts(name=name), account)

    def wechat(self, name: str = "wechat") -> WeChat:
        self.far.reports_to["wechat"] = f"{self.api_url}/api/v1/notifications/receipts/{name}"
        account = WeChatAccount(
            app_id="wx1",
            app_secret=SECRET.encode(),
            templates={"emergency_contact": WeChatTemplate("tpl", {"thing1": "name", "thing2": "kind"})},
            callback_secret=SECRET.encode(),
            endpoint=f"{self.far_url}/wechat",
        )
        return WeChat(Facts(name=name), account)

    def email(self, name: str = "mail") -> Mail:
        server = MailServer(
            host="127.0.0.1", port=self.mail_port, security="none", sender="desk@carebed.test"
        )
        return Mail(Facts(name=name), server)

    def webhook(self, name: str = "city", **others: Any) -> Webhook:
        given: dict[str, Any] = {"url": f"{self.far_url}/webhook/{name}", "secret": SECRET.encode()}
        return Webhook(Facts(name=name), Endpoint(**given | {"allow_private": True} | others))

    async def person(self, phone: str | None, name: str = "王芳", *, contact: bool = True) -> Recipient:
        """Somebody with a phone, a contact of the elder."""
        id = uuid.uuid4()
        await self.conn.execute(
            "insert into person (id, name, created_at) values (%s, %s, %s)", (id, name, LONG_AGO)
        )
        if phone is not None:
            await self.conn.execute(
                "insert into person_phone (person_id, phone) values (%s, %s)", (id, phone)
            )
        if contact:
            await self.conn.execute(
                "insert into contact (resident_id, person_id, position) values (%s, %s, 2)",
                (self.resident_id, id),
            )
        return Recipient.person(id)

    async def staff(self, *, active: bool = True) -> Recipient:
        id = uuid.uuid4()
        await self.conn.execute(
            "insert into staff (id, username, name, role, password_hash, active, created_at)"
            " values (%s, %s, '班长', 'supervisor', '', %s, %s)",
            (id, str(id), active, LONG_AGO),
        )
        return Recipient.staff(id)

    async def queue(
        self,
        recipient: Recipient,
        channel: Channel = "sms",
        priority: int = 1,
        *,
        step: str = "1",
        template: str = "emergency_contact",
        **others: Any,
    ) -> uuid.UUID:
        """Queue for the case and commit."""
        params = {"name": "王秀英", "kind": "求助", "place": "胜利小区", "at": "10:10", "desk_phone": "8888"}
        given: dict[str, Any] = {"case_id": self.case_id, "params": params} | others
        async with self.conn.transaction():
            id = await queue(
                self.conn,
                now=self.clock.now(),
                step_key=step,
                template=template,
                recipient=recipient,
                channel=channel,
                priority=priority,
                **given,
            )
        assert id is not None
        return id

    async def run(self) -> None:
        """One worker until nothing is due."""
        sender = self.sender
        while await sender.step():
            pass

    async def find(self, id: uuid.UUID) -> Notification:
        return await store.find(self.conn, id)

    async def state(self, id: uuid.UUID) -> str:
        return (await self.find(id)).state.value

    async def reaches(self, id: uuid.UUID, state: str) -> Notification:
        """Wait for a state that a receipt brings."""

        async def there() -> bool:
            return await self.state(id) == state

        await until(there)
        return await self.find(id)

    async def of_case(self) -> list[Notification]:
        from tests.cloud.town import EVERYONE

        return await store.list_notifications(self.conn, EVERYONE)

    async def die(self) -> None:
        """The elder has died."""
        await self.conn.execute(
            "insert into resident_state (resident_id, state, valid)"
            " values (%s, 'deceased', tstzrange(%s, null))",
            (self.resident_id, self.clock.now()),
        )


def _facts(name: str, others: dict[str, Any]) -> Facts:
    quotas = {key: others.pop(key) for key in ("per_minute", "per_day") if key in others}
    return Facts(name=name, **quotas)


async def add_case(conn: Connection, home_id: uuid.UUID, resident_id: uuid.UUID) -> uuid.UUID:
    """An open P1 case as a row."""
    id = uuid.uuid4()
    await conn.execute(
        "insert into cases (id, subject_kind, subject_id, class, state, priority, resident_id, home_id,"
        " area_code, frozen, opened_at, waiting_since, occurred_at)"
        " values (%s, 'home', %s, 'care', 'open', 1, %s, %s, %s, %s, %s, %s, %s)",
        (id, str(home_id), resident_id, home_id, AREA, Jsonb({}), NOW, NOW, NOW),
    )
    return id


@pytest.fixture
async def desk(conn: Connection, pool: Pool, database_url: str) -> AsyncIterator[Desk]:
    clock, receipts = StandingClock(), dict[str, Provider]()
    far, mail = FarEnds(clock, secret=SECRET), MailSink()
    seal = Seal(os.urandom(32), os.urandom(32))
    services = Services(pool=pool, database_url=database_url, clock=clock, seal=seal, providers=receipts)
    home = await add_home(conn)
    case_id = await add_case(conn, home.id, home.resident_id)
    async with far_serving(far) as far_url, mail.serving() as mail_port, serving(services) as address:
        made = Desk(
            conn=conn,
            pool=pool,
            clock=clock,
            far=far,
            mail=mail,
            far_url=far_url,
            mail_port=mail_port,
            api_url=f"http://{address}",
            providers=[],
            receipts=receipts,
            case_id=case_id,
            resident_id=home.resident_id,
        )
        yield made
        for provider in made.providers:
            await provider.close()
