"""The two tables of the telephone, and the signature."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from cloud.telephony import cti
from cloud.telephony.telephony import (
    CALL_TRANSITIONS,
    LIVE_CALL,
    CallEventName,
    CallState,
    PhoneState,
    after,
    choose,
    phone_after,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_every_state_of_a_call_has_its_row_and_an_ended_call_stays_ended() -> None:
    assert set(CALL_TRANSITIONS) == set(CallState)
    for state in (CallState.ENDED, CallState.NO_ANSWER, CallState.BUSY, CallState.FAILED):
        for event in get_args(CallEventName):
            assert after(state, event) is None
    for state in LIVE_CALL:
        ended = after(state, "ended")
        assert ended is not None
        assert ended not in LIVE_CALL


def test_a_call_that_was_never_answered_is_not_ended_but_unanswered() -> None:
    assert after(CallState.RINGING, "ended") is CallState.NO_ANSWER
    assert after(CallState.CONNECTED, "ended") is CallState.ENDED
    assert after(CallState.CONNECTED, "ringing") is None


def test_only_calls_make_a_telephone_busy_and_free() -> None:
    assert phone_after(CallState.CONNECTED, connected_before=False) is PhoneState.BUSY
    assert phone_after(CallState.ENDED, connected_before=True) is PhoneState.WRAP_UP
    assert phone_after(CallState.NO_ANSWER, connected_before=False) is None
    assert choose(PhoneState.BUSY, "ready") is None
    assert choose(PhoneState.WRAP_UP, "ready") is PhoneState.READY


@pytest.mark.parametrize(
    ("timestamp", "signature", "good"),
    [
        (None, None, True),
        ("x", None, False),
        ("", None, False),
        ("9" * 13, None, False),
        ("１２", None, False),
        (None, "", False),
        (None, "v1=", False),
        (None, "v2=00", False),
        (None, "\ud800", False),
    ],
)
def test_a_signature_is_over_time_and_body(timestamp: str | None, signature: str | None, good: bool) -> None:
    headers = cti.sign("secret", NOW, b"{}")
    said = {
        "timestamp": headers[cti.TIMESTAMP] if timestamp is None else timestamp,
        "signature": headers[cti.SIGNATURE] if signature is None else signature,
    }
    assert cti.signed("secret", **said, body=b"{}", now=NOW) is good
    assert not cti.signed("secret", **said, body=b"{} ", now=NOW)
    assert not cti.signed("other", **said, body=b"{}", now=NOW)


def test_a_signature_is_good_for_five_minutes() -> None:
    said = cti.sign("secret", NOW, b"{}")
    words = {"timestamp": said[cti.TIMESTAMP], "signature": said[cti.SIGNATURE]}
    for step, good in ((299, True), (-299, True), (301, False), (-301, False)):
        now = NOW + timedelta(seconds=step)
        assert cti.signed("secret", **words, body=b"{}", now=now) is good
