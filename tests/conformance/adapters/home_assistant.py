"""Home Assistant discovery: an announcement, and what a state after it means."""

import json

from edge.decoding.home_assistant import home_assistant
from tests.conformance.samples import Values


def discovery(given: Values) -> Values:
    """The announced entities of one message, and the points of the message `then`."""
    told = home_assistant()(json.dumps(given).encode())["decoded"]
    entities = list(told.get("entities", {}).items())
    return {
        "want": told["points"],
        "want_components": {key: entity["platform"] for key, entity in entities},
        "want_expanded": entities[0][1]["config"] if entities else {},
    }
