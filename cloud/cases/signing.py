"""Who signs the daily roots: an Ed25519 key in a file of the data folder, readable by its owner only."""

import base64
import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

_SPKI_PREFIX: Final = bytes.fromhex("302a300506032b6570032100")  # RFC 8410


class SigningError(Exception):
    """The key file cannot be used; the text says what, where and how."""


class Signer:
    """Signs, and says with which key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def key_id(self) -> str:
        """What people compare."""
        return key_id(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)


def key_id(public_key: bytes) -> str:
    """The first 16 bytes of the key's SHA-256, in groups of four: what is published and compared."""
    text = hashlib.sha256(public_key).hexdigest()[:32]
    return "-".join(text[at : at + 4] for at in range(0, 32, 4))


def signature_holds(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """True when the key made the signature over the message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def public_pem(public_key: bytes) -> str:
    """The key as OpenSSL reads it."""
    body = base64.b64encode(_SPKI_PREFIX + public_key).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"


def make_signing_key(path: Path) -> None:
    """Write a key file, readable by its owner only; an existing one is left alone. Raises SigningError."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    fresh = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # whole or not at all, and only the first
        except FileExistsError:
            return
        finally:
            fresh.unlink()
    except OSError as error:
        raise SigningError(f"signing key {path} cannot be made: {error.strerror}") from error


def load_signer(path: Path) -> Signer:
    """The key of a file; raises SigningError where it is absent, open to others or not an Ed25519 key."""
    try:
        mode = path.stat().st_mode
        pem = path.read_bytes()
    except OSError as error:
        raise SigningError(f"signing key {path} cannot be read: {error.strerror}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise SigningError(f"signing key {path} is open to other users; run: chmod 600 {path}")
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SigningError(f"signing key {path} is not a PEM private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningError(f"signing key {path} is not an Ed25519 key")
    return Signer(key)
