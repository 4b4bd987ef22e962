"""Trackers: TRV/IW text, GT06 and JT/T 808 binary."""

from edge.decoding.gt06 import gt06
from edge.decoding.jt808 import jt808
from edge.decoding.trv import trv
from tests.conformance.samples import Values, given_bytes


def trv_iw(given: Values) -> Values:
    """A text message."""
    return {"want": trv()(given_bytes(given))["decoded"]}


def gt06_frame(given: Values) -> Values:
    """A binary frame."""
    return {"want": gt06()(given_bytes(given))["decoded"]}


def jt808_message(given: Values) -> Values:
    """A binary message."""
    return {"want": jt808()(given_bytes(given))["decoded"]}
