"""What the README tells a firmware maker to send is what the cloud decodes."""

import re
from pathlib import Path
from typing import Final

from firmware_specs.messages import Ack, Event, decode

README: Final = (Path(__file__).parents[2] / "firmware_specs" / "README.md").read_text(encoding="utf-8")


def test_the_event_of_the_readme_is_one_and_its_ack_names_it() -> None:
    sent = re.search(r"-m '(\{.*?\})'", README, re.S)
    answered = re.search(r"```json\n(.*?)\n```", README, re.S)
    assert sent
    assert answered
    event, ack = decode(sent[1].encode(), Event), decode(answered[1].encode(), Ack)
    assert (event.kind, ack.run, ack.events, ack.event_seqs) == ("sos", event.run, [event.id], [event.seq])
    assert ack.stage == "stored"
