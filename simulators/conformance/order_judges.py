"""What the checks of configuration, orders and replays look at. Pure."""

from firmware_specs.messages import Command
from simulators.conformance.evidence import OLDER_ROOM, ROOM, Evidence, missing
from simulators.conformance.verdict import Verdict, bad, ok, unseen


def applies_configuration(e: Evidence) -> Verdict:
    if e.configured is None:
        return unseen("no_device")
    room = e.configured.event.room
    if room == OLDER_ROOM:
        return bad("older_config", room=room)
    return ok("configured", room=room) if room == ROOM else bad("not_configured", room=room)


def survives_garbage(e: Evidence) -> Verdict:
    if e.garbage_answered is None:
        return unseen()
    return ok("still_alive") if e.garbage_answered else bad("no_event")


def _statuses(e: Evidence, order: Command | None) -> list[str]:
    return [r.status for _, r in e.record.results if order is not None and r.id == order.id]


def answers_orders(e: Evidence) -> Verdict:
    if e.probe is None:
        return unseen()
    said = _statuses(e, e.probe)
    good = bool(said) and said[0] in ("rejected", "failed")
    return (ok if good else bad)("order_answer", said=said)


def answers_twice_the_same(e: Evidence) -> Verdict:
    if e.probe_again_at is None:
        return unseen()
    said = _statuses(e, e.probe)
    return (ok if len(said) > 1 and len(set(said)) == 1 else bad)("order_answer", said=said)


def refuses_late_orders(e: Evidence) -> Verdict:
    if e.expired is None or not _statuses(e, e.probe):
        return unseen()
    said = _statuses(e, e.expired)
    return (ok if said[:1] == ["expired"] else bad)("order_answer", said=said)


def replays_events(e: Evidence) -> Verdict:
    if e.replay is None or not e.replayed_events:
        return unseen()
    said = _statuses(e, e.replay)
    if lost := missing(e, "event"):
        return bad("replay_lacks", said=said, lacking=lost)
    ids = {event.id: event for event in e.replayed_events}
    for seen, event in e.record.events:
        if seen.at >= e.replay_at and (was := ids.get(event.id)) and event.seq != was.seq:
            return bad("replay_renumbered", id=event.id, seq=event.seq, was=was.seq)
    return (ok if said[:1] == ["done"] else bad)("order_answer", said=said)


def replays_batches(e: Evidence) -> Verdict:
    if e.replay is None or not e.replayed_batches:
        return unseen("no_batches")
    if lost := missing(e, "telemetry"):
        return bad("replay_lacks", said=_statuses(e, e.replay), lacking=lost)
    return ok("batches_replayed", count=len(e.replayed_batches))
