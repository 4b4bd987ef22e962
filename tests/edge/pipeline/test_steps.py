import json

from edge.drivers.options import DriverOptions
from edge.drivers.watch import WatchDriver
from edge.pipeline import steps
from edge.pipeline.zones import Home, SafeZone
from edge.readings import Fix, Happening, IdentifiedEvent, Press, Reading, Samples, Sighting
from tests.edge.drivers.frames import AT, frame, position
from tests.edge.pipeline.making import of, options

ZONE = SafeZone(lat=37.3815, lon=118.0123, radius_m=300)


def test_one_sos_goes_through_all_steps_and_comes_out_once() -> None:
    pipeline, driver = (
        steps.steps(options(rooms={"watch-2300000017": "bedroom"})),
        WatchDriver(DriverOptions()),
    )
    alarm = frame(position("AL", status="00010001"))
    first = steps.run(pipeline, driver.receive(alarm, AT), AT)
    again = steps.run(pipeline, driver.receive(alarm, AT + 10_000), AT + 10_000)
    [event] = of(IdentifiedEvent, first)
    assert (event.kind, event.room, event.evidence["flags"]) == ("sos", "bedroom", ["low_battery", "sos"])
    assert of(IdentifiedEvent, again) == []


def test_only_what_the_outbox_knows_comes_out() -> None:
    pipeline = steps.steps(options(home=Home(ZONE)))
    driver = WatchDriver(DriverOptions())
    items = steps.run(pipeline, driver.receive(frame(position("AL", status="00FF0000")), AT), AT)
    assert {type(item) for item in items} <= {Reading, Fix, Sighting, IdentifiedEvent}
    assert not of(Happening, items) + of(Press, items) + of(Samples, items)


def test_time_alone_says_nothing() -> None:
    assert steps.run(steps.steps(options(home=Home(ZONE))), [], AT) == []


def test_state_is_plain_json_and_survives_a_restart() -> None:
    driver = WatchDriver(DriverOptions())
    before, after = steps.steps(options(home=Home(ZONE))), steps.steps(options(home=Home(ZONE)))
    alarm = frame(position("AL", status="00110000"))
    assert of(IdentifiedEvent, steps.run(before, driver.receive(alarm, AT), AT))
    steps.restore(after, json.loads(json.dumps(steps.state(before))) | {"Gone": {}, "Fence": 5})
    assert of(IdentifiedEvent, steps.run(after, driver.receive(alarm, AT), AT + 5000)) == []
    back = steps.run(after, driver.receive(frame(position("UD")), AT + 9000), AT + 9000)
    assert [(e.id, e.kind, e.phase) for e in of(IdentifiedEvent, back)] == [
        ("id-2", "watch_removed", "cleared")
    ]
