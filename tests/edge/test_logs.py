"""Log lines of the gateway: what went wrong and where, never what a device sent."""

import json
import logging
import sys

from edge import logs


def test_a_trace_names_kind_and_place_and_does_not_quote_the_value() -> None:
    sent = "heart rate 187 at 37.3812,118.0143"
    try:
        int(sent)
    except ValueError:
        error = sys.exc_info()
    record = logging.LogRecord("edge.intake", logging.ERROR, __file__, 1, "passed over", (), error)
    said = logs.JsonLines().format(record)
    assert "187" not in said
    assert "118.0143" not in said
    trace = json.loads(said)["trace"]
    assert trace.endswith("ValueError")
    assert "test_logs.py" in trace
