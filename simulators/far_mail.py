"""A mail server that keeps what it is given: enough of SMTP (RFC 5321) for one message a connection or more.

By the local part of the recipient: `full@` is refused for now (452), `nobody@` for good (550), `lost@` is
taken but the connection ends before the answer.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Final

_MOST_LINES: Final = 10_000
_REFUSED: Final = {"full": b"452 mailbox full\r\n", "nobody": b"550 no such mailbox\r\n"}


@dataclass
class MailSink:
    """`mails` are what arrived, in order: (recipient, mail)."""

    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)

    def to(self, address: str) -> list[EmailMessage]:
        """What arrived for an address."""
        return [mail for recipient, mail in self.mails if recipient == address]

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[int]:
        """Listen on loopback for the length of the block; yields the port."""
        server = await asyncio.start_server(self._talk, "127.0.0.1", port)
        async with server:
            yield int(server.sockets[0].getsockname()[1])

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ValueError, asyncio.IncompleteReadError):
            writer.write(b"220 far-end\r\n")
            recipients: list[str] = []
            while line := await reader.readline():
                if not await self._answer(line, reader, writer, recipients):
                    break
                await writer.drain()
        writer.close()

    async def _answer(
        self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recipients: list[str]
    ) -> bool:
        """Answer one command; False ends the connection."""
        command = line[:4].upper()
        if command == b"RCPT":
            address = line.partition(b"<")[2].partition(b">")[0].decode("utf-8", "replace")
            refused = _REFUSED.get(address.partition("@")[0])
            if refused is None:
                recipients.append(address)
            writer.write(refused or b"250 ok\r\n")
        elif command == b"DATA":
            writer.write(b"354 go on\r\n")
            await writer.drain()
            mail = message_from_bytes(await self._data(reader), policy=policy.default)
            assert isinstance(mail, EmailMessage), "the default policy makes these"
            self.mails += [(address, mail) for address in recipients]
            lost = any(address.startswith("lost@") for address in recipients)
            recipients.clear()
            if lost:
                return False
            writer.write(b"250 taken\r\n")
        elif command == b"QUIT":
            writer.write(b"221 bye\r\n")
            await writer.drain()
            return False
        else:
            writer.write(b"250 ok\r\n")
        return True

    async def _data(self, reader: asyncio.StreamReader) -> bytes:
        lines: list[bytes] = []
        while (line := await reader.readline()) != b".\r\n":
            if not line or len(lines) > _MOST_LINES:
                raise ConnectionError("no end of data")
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)
