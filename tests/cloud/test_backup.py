"""Copies of the database: whole or not there, never over another, and nothing restored over anything."""

import os
from pathlib import Path

import pytest

from cloud import backup
from cloud.config import ConfigError, DataDir
from cloud.registry.sealing import make_key_file
from tests.cloud.town import NOW

pytestmark = pytest.mark.postgres


async def test_a_copy_that_was_changed_or_cut_is_told_from_a_whole_one(
    database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    made = await backup.make(database_url, folder, now=NOW)
    assert backup.read(folder) == made
    assert made.began_at == NOW
    dump = folder / backup.DUMP
    whole = dump.read_bytes()
    for wrong in (whole[:-1], bytes([whole[0] ^ 1]) + whole[1:], b""):
        dump.write_bytes(wrong)
        with pytest.raises(ConfigError, match="checksum"):
            backup.read(folder)
    dump.unlink()
    with pytest.raises(ConfigError, match="not a whole copy"):
        backup.read(folder)


async def test_a_copy_overwrites_nothing_and_a_failed_one_leaves_nothing(
    database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    (folder / "mine").write_text("x")
    with pytest.raises(ConfigError, match="exists already"):
        await backup.make(database_url, folder, now=NOW)
    assert os.listdir(tmp_path) == ["copy"]  # noqa: PTH208  # no part of a copy is left
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="cannot be written"):
        await backup.make(database_url, tmp_path / "file" / "copy", now=NOW)


async def test_nothing_is_restored_over_a_database_that_holds_something(
    database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    await backup.make(database_url, folder, now=NOW)
    with pytest.raises(ConfigError, match="not empty"):
        await backup.restore(database_url, folder, now=NOW)


def test_keys_go_to_a_place_of_their_own_and_never_over_other_keys(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        make_key_file(DataDir(tmp_path / name).key_file)
    kept = tmp_path / "safe"
    backup.copy_keys(tmp_path / "one", kept)
    backup.copy_keys(tmp_path / "one", kept)
    copy = DataDir(kept).key_file
    assert (copy.read_bytes(), copy.stat().st_mode & 0o777) == (
        DataDir(tmp_path / "one").key_file.read_bytes(),
        0o600,
    )
    with pytest.raises(ConfigError, match="another key"):
        backup.copy_keys(tmp_path / "two", kept)
