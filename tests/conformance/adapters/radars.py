"""Radars on a serial line: R60 and TinyFrame."""

from edge.decoding.forms import Decoder, Unreadable
from edge.decoding.radars import r60, tinyframe
from tests.conformance.samples import Values, given_bytes


def r60_frame(given: Values) -> Values:
    """One R60 frame, or why it was rejected."""
    return _frame(r60(), given)


def tiny_frame(given: Values) -> Values:
    """One TinyFrame, or why it was rejected."""
    return _frame(tinyframe(), given)


def _frame(decode: Decoder, given: Values) -> Values:
    try:
        return {"want": decode(given_bytes(given))["decoded"]}
    except Unreadable as error:
        return {"want": error.found}
