"""E-mail over SMTP, with the standard library in a thread; Message-ID carries the id, a repeat is known."""

import asyncio
import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import ClassVar, Final, Literal

import msgspec

from cloud.notifications import templates
from cloud.notifications.base import Base, Facts
from cloud.notifications.channel import NotSent, OutcomeUnknown, Outgoing, Refused, Report, Sent
from cloud.notifications.notification import Channel

LIMIT_S: Final = 15.0


class MailServer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where mail is handed over, and who it is from."""

    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str
    user: str = ""
    password: bytes = b""


class Mail(Base):
    """E-mail over one server."""

    channel: ClassVar[Channel] = "email"

    def __init__(self, facts: Facts, server: MailServer) -> None:
        super().__init__(facts)
        self._server = server

    def content(self, message: Outgoing, now: datetime) -> EmailMessage:
        """The mail; the first sentence is its subject."""
        words = templates.text(message.template, message.params, message.language)
        subject = words.split("。")[0] if message.language == "zh" else words.split(". ")[0]
        mail = EmailMessage()
        mail["From"] = self._server.sender
        mail["To"] = message.address
        mail["Subject"] = f"[CareBed P{message.priority}] {subject[:100]}"
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = f"<{message.id}@{self._server.sender.rpartition('@')[2] or 'carebed'}>"
        if message.priority == 1:
            mail["X-Priority"] = "1"
        mail.set_content(words + "\n")
        return mail

    async def send(self, message: Outgoing, now: datetime) -> Sent:
        """Hand it over; raises ChannelError."""
        if any(char in message.address for char in "\r\n, ") or "@" not in message.address:
            raise Refused("address_invalid", permanent=True)
        await asyncio.to_thread(self._hand_over, self.content(message, now))
        return Sent(ref=str(message.id))

    async def query(self, message: Outgoing, now: datetime) -> Report | None:
        """A mail server cannot be asked."""
        raise OutcomeUnknown("nobody_to_ask")

    def _hand_over(self, mail: EmailMessage) -> None:
        server: smtplib.SMTP | None = None
        try:
            server = self._connect()
            server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = next(iter(error.recipients.values()))
            raise Refused("refused", f"SMTP {code}", permanent=code >= 500) from error
        except smtplib.SMTPAuthenticationError as error:
            raise Refused("login_refused", f"SMTP {error.smtp_code}", permanent=False) from error
        except smtplib.SMTPResponseException as error:
            permanent = server is not None and error.smtp_code >= 500
            raise Refused("refused", f"SMTP {error.smtp_code}", permanent=permanent) from error
        except (OSError, smtplib.SMTPException) as error:
            kind = NotSent if server is None else OutcomeUnknown
            raise kind("unreachable", type(error).__name__) from error
        finally:
            if server is not None:
                _leave(server)

    def _connect(self) -> smtplib.SMTP:
        it = self._server
        if it.security == "tls":
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(it.host, it.port, timeout=LIMIT_S, context=context)
        else:
            server = smtplib.SMTP(it.host, it.port, timeout=LIMIT_S)
        try:
            if it.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if it.user:
                server.login(it.user, it.password.decode())
        except BaseException:
            server.close()
            raise
        return server


def _leave(server: smtplib.SMTP) -> None:
    """Say good-bye; the mail's fate was decided before."""
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()
