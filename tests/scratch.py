"""Where tests keep what does not outlive them: in memory where the machine has the room."""

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 << 30


def prefer_memory() -> None:
    """Point TMPDIR, unless somebody has set it, to memory: databases are made there ten times as fast."""
    if "TMPDIR" not in os.environ and _fits():
        os.environ["TMPDIR"] = str(_MEMORY)
        tempfile.tempdir = None


def _fits() -> bool:
    """True where the folder has room for two suites' databases and lets programs run."""
    if (
        not _MEMORY.is_dir()
        or not os.access(_MEMORY, os.W_OK)
        or shutil.disk_usage(_MEMORY).free < _ROOM_BYTES
    ):
        return False
    return not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
