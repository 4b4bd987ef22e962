"""What an identity may see, and how secrets are kept."""

import uuid

import pytest

from cloud.access.access import Identity, hash_secret, new_secret
from cloud.access.passwords import Passwords

ORG, OTHER = uuid.uuid4(), uuid.uuid4()


@pytest.mark.parametrize(
    ("area", "org", "row_area", "row_org", "seen"),
    [
        ("", None, "370502", ORG, True),
        ("", None, "", None, True),
        ("3705", None, "370502", ORG, True),
        ("370502", None, "3705", ORG, False),
        ("370502", None, "370503", ORG, False),
        ("370502", None, "", None, False),
        ("370502", ORG, "370502001", ORG, True),
        ("370502", ORG, "370502001", OTHER, False),
        ("", ORG, "370502", None, False),
    ],
)
def test_area_is_a_prefix_and_organisation_is_exact(
    area: str, org: uuid.UUID | None, row_area: str, row_org: uuid.UUID | None, seen: bool
) -> None:
    who = Identity(id=uuid.uuid4(), name="x", role="operator", area_code=area, org_id=org)
    assert who.sees(row_area, row_org) is seen


def test_the_audit_trail_tells_people_from_programs() -> None:
    key = uuid.uuid4()
    assert Identity(id=key, name="x", role="operator", username="x").actor == f"staff:{key}"
    assert Identity(id=key, name="x", role="operator").actor == f"token:{key}"


def test_secrets_have_256_bits_and_hash_whatever_they_hold() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(new_secret()) == 43
    assert len(hash_secret("\ud800\x00")) == 32


async def test_passwords_are_argon2id_and_unknown_users_never_match() -> None:
    passwords = Passwords()
    stored = await passwords.hash("床前明月光")
    assert stored.startswith("$argon2id$")
    assert await passwords.matches(stored, "床前明月光")
    assert not await passwords.matches(stored, "疑是地上霜")
    assert not await passwords.matches(None, "床前明月光")
    assert not await passwords.matches("not a hash", "床前明月光")
