"""How many sign-ins may fail from one address: guessing many names is as slow as guessing one.

Only failures count, and a window lasts a minute: a call centre signs in from one address.
"""

import ipaddress
from datetime import datetime, timedelta
from typing import Final

from cloud.access.errors import TooManyAttempts
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.access", "sources.sql")
FAILURES_ALLOWED: Final = 30
WINDOW: Final = timedelta(minutes=1)
UNKNOWN: Final = "unknown"
_IPV6_SITE: Final = 64


def source_of(host: str | None) -> str:
    """An IPv4 address, the /64 of an IPv6 one (a site has all of it), `unknown` for anything else."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address), _IPV6_SITE), strict=False))
    return str(address)


async def take(conn: Connection, source: str, *, now: datetime) -> None:
    """Count an attempt; raises TooManyAttempts until the window is over. Commit before a password check."""
    values = {"source": source, "now": now, "before": now - WINDOW}
    row = await (await conn.execute(_SQL["take"], values)).fetchone()
    assert row is not None, "an upsert always answers"
    since, failures = row
    if failures <= FAILURES_ALLOWED:
        return
    wait = max(1, round((since + WINDOW - now).total_seconds()))
    raise TooManyAttempts(
        f"此地址登录失败过多，请 {wait} 秒后再试",
        f"too many sign-ins failed from this address, try again in {wait} s",
        retry_after_s=wait,
    )


async def forgive(conn: Connection, source: str) -> None:
    """The attempt succeeded and does not count."""
    await conn.execute(_SQL["forgive"], {"source": source})


async def trim(conn: Connection, *, now: datetime) -> None:
    """Forget windows that are over."""
    await conn.execute(_SQL["trim"], {"before": now - WINDOW})
