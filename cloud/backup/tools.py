"""PostgreSQL's own programs for copies: ours for a server of our version, else the machine's."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator

from cloud.config import ConfigError
from cloud.embedded import postgres, process
from cloud.texts import text


async def run(major: int, name: str, *arguments: str) -> str:
    """Run one and return what it wrote. Raises ConfigError with what it said."""
    async with output(major, name, *arguments) as stream:
        return (await stream.read()).decode(errors="replace")


@contextlib.asynccontextmanager
async def output(major: int, name: str, *arguments: str) -> AsyncIterator[asyncio.StreamReader]:
    """Its output while it runs, to be read to the end. Raises ConfigError when it fails or is missing."""
    found = str(postgres.tool(name)) if major == postgres.MAJOR else shutil.which(name)
    if found is None:
        raise ConfigError(text("tool_missing", name=name, version=major))
    with tempfile.TemporaryFile() as errors:
        child = await process.start(
            [found, *arguments],
            on_parent_death=signal.SIGKILL,
            environment={"PATH": os.defpath, "LC_ALL": "C"},
            output=asyncio.subprocess.PIPE,
            errors=errors,
        )
        assert child.stdout is not None
        try:
            yield child.stdout
        except BaseException:
            child.kill()
            raise
        finally:
            await child.wait()
        if child.returncode != 0:
            errors.seek(0)
            reason = errors.read().decode(errors="replace").strip()[-500:]
            raise ConfigError(text("tool_failed", name=name, reason=reason))
