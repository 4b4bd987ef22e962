"""Sealed columns: AES-256-GCM to read back, HMAC-SHA256 to look up; the keys live outside the database.

The key file holds 64 random bytes, hexadecimal, readable by its owner only: 32 for AES, 32 for HMAC.
"""

import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_FILE_BYTES: Final = 64


class SealError(Exception):
    """The key file cannot be used, or a ciphertext does not belong to its key and column."""


@dataclass(frozen=True)
class Sealed:
    """What a row keeps of a secret."""

    cipher: bytes
    hmac: bytes


class Seal:
    """Seals and opens; `purpose` names the column, so that a ciphertext cannot be moved to another one."""

    def __init__(self, aes_key: bytes, hmac_key: bytes) -> None:
        self._aes = AESGCM(aes_key)
        self._hmac_key = hmac_key

    def seal(self, text: str, purpose: str) -> Sealed:
        """Ciphertext and look-up value of a text."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = self._aes.encrypt(nonce, text.encode(), purpose.encode())
        return Sealed(_VERSION + nonce + cipher, self.lookup(text, purpose))

    def open(self, cipher: bytes, purpose: str) -> str:
        """The text; raises SealError for another key, another column or a changed ciphertext."""
        if cipher[:1] != _VERSION:
            raise SealError("ciphertext of an unknown version")
        nonce, body = cipher[1 : 1 + _NONCE_BYTES], cipher[1 + _NONCE_BYTES :]
        try:
            return self._aes.decrypt(nonce, body, purpose.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise SealError("the ciphertext does not belong to this key") from error

    def lookup(self, text: str, purpose: str) -> bytes:
        """Equal texts of one column have equal values."""
        return hmac.new(self._hmac_key, purpose.encode() + b"\x00" + text.encode(), hashlib.sha256).digest()


def make_key_file(path: Path) -> None:
    """Write a new key file, readable by its owner only; an existing one is left alone."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_FILE_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())


def load_seal(path: Path) -> Seal:
    """The keys of a file; raises SealError where it is absent, open to others or not 64 bytes of hex."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SealError(f"key file {path} cannot be read: {error}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise SealError(f"key file {path} is open to other users; run: chmod 600 {path}")
    try:
        keys = bytes.fromhex(text.strip())
    except ValueError as error:
        raise SealError(f"key file {path} is not hexadecimal") from error
    if len(keys) != _FILE_BYTES:
        raise SealError(f"key file {path} holds {len(keys)} bytes, {_FILE_BYTES} are needed")
    return Seal(keys[:32], keys[32:])
