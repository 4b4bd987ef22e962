"""Sealed columns: what the database holds tells nothing and cannot be moved."""

import os
import stat
from pathlib import Path

import pytest

from cloud.registry.sealing import Seal, SealError, load_seal, make_key_file


def seal() -> Seal:
    return Seal(os.urandom(32), os.urandom(32))


def test_what_is_sealed_opens_again_and_shows_nothing() -> None:
    keys = seal()
    sealed = keys.seal("11010519491231002X", "person.id_number")
    assert keys.open(sealed.cipher, "person.id_number") == "11010519491231002X"
    assert b"1949" not in sealed.cipher


def test_equal_texts_have_other_ciphertexts_and_the_same_look_up() -> None:
    keys = seal()
    first, second = keys.seal("8842#", "home.door_code"), keys.seal("8842#", "home.door_code")
    assert first.cipher != second.cipher
    assert first.hmac == second.hmac == keys.lookup("8842#", "home.door_code")
    assert keys.lookup("8842#", "person.id_number") != first.hmac


def test_another_key_another_column_or_a_changed_byte_is_refused() -> None:
    keys = seal()
    cipher = keys.seal("8842#", "home.door_code").cipher
    for broken in (cipher[:-1] + bytes([cipher[-1] ^ 1]), b"", b"\x02" + cipher[1:], cipher[:5]):
        with pytest.raises(SealError):
            keys.open(broken, "home.door_code")
    with pytest.raises(SealError):
        keys.open(cipher, "person.id_number")
    with pytest.raises(SealError):
        seal().open(cipher, "home.door_code")


def test_a_key_file_is_private_made_once_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "carebed.key"
    make_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sealed = load_seal(path).seal("x", "y")
    make_key_file(path)
    assert load_seal(path).open(sealed.cipher, "y") == "x"


@pytest.mark.parametrize("content", ["", "zz", "ab" * 63, "ab" * 65, "\xff"])
def test_a_broken_key_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "carebed.key"
    path.write_text(content, encoding="latin-1")
    path.chmod(0o600)
    with pytest.raises(SealError, match=r"carebed\.key"):
        load_seal(path)


def test_a_key_file_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "carebed.key"
    make_key_file(path)
    path.chmod(0o644)
    with pytest.raises(SealError, match="chmod 600"):
        load_seal(path)
    with pytest.raises(SealError):
        load_seal(tmp_path / "absent")
