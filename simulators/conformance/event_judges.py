"""What the checks of events and batches look at: numbers, resends, losses, times. Pure."""

from collections.abc import Iterable
from typing import Final

from firmware_specs.messages import ClockState
from simulators.conformance.evidence import RESENDS_S, Evidence
from simulators.conformance.record import Seen
from simulators.conformance.verdict import Verdict, bad, ok, unseen

_CLOCK_MS: Final = 10_000
_FLOOR_MS: Final = 1_735_689_600_000  # 2025-01-01: milliseconds since boot are below it


def numbers_events(e: Evidence) -> Verdict:
    return _numbers(e, [(event.run, event.seq, f"{event.id} {event.phase}") for _, event in e.record.events])


def numbers_batches(e: Evidence) -> Verdict:
    return _numbers(e, [(batch.run, batch.seq, "") for _, batch in e.record.batches])


def _numbers(e: Evidence, rows: Iterable[tuple[str, int, str]]) -> Verdict:
    """Without a gap within a run, from 1 in a run that began under our eyes; no number used twice."""
    known: dict[tuple[str, int], str] = {}
    for run, seq, what in rows:
        if known.setdefault((run, seq), what) != what:
            return bad("number_twice", run=run, seq=seq)
    runs = list(e.record.own_runs())
    for n, run in enumerate(runs):
        seqs = sorted(seq for other, seq in known if other == run)
        if seqs and (seqs != list(range(seqs[0], seqs[-1] + 1)) or (n and seqs[0] != 1)):
            return bad("number_gap", run=run, seqs=seqs[:20])
    return ok("numbers_right", count=len(known)) if known else unseen()


def reports_a_press(e: Evidence) -> Verdict:
    if not e.presses:
        return bad("no_event") if e.record.births else unseen()
    event = e.presses[0].event
    return ok("event_came", kind=event.kind, device=event.device, run=event.run, seq=event.seq)


def _early_copies(e: Evidence) -> list[Seen]:
    """Arrivals of the first event before anything was answered, on its first connection."""
    first, until = e.presses[0].event, e.false_ack_at or 0.0
    copies = [seen for seen, _ in e.record.copies(first.run, first.seq)]
    return [seen for seen in copies if seen.at < until and seen.session == copies[0].session]


def resends(e: Evidence) -> Verdict:
    if not e.presses or e.false_ack_at is None:
        return unseen()
    copies = _early_copies(e)
    after = [round((seen.at - copies[0].at) / e.pace.scale, 1) for seen in copies[1:]]
    early = bool(after) and copies[-1].at - copies[0].at < e.pace.s(RESENDS_S[-1]) * 0.6 - e.pace.settle_s
    late = len(after) < len(RESENDS_S)
    return bad("resend_wrong", after=after) if early or late else ok("resent", after=after)


def waits_for_stored(e: Evidence) -> Verdict:
    if not e.presses or e.false_ack_at is None or resends(e).result != "passed":
        return unseen()
    first, session = (
        e.presses[0].event,
        e.record.copies(e.presses[0].event.run, e.presses[0].event.seq)[0][0].session,
    )
    again = [
        s for s, _ in e.record.copies(first.run, first.seq) if s.at > e.false_ack_at and s.session == session
    ]
    return ok("went_on") if again else bad("false_ack_taken")


def reconnects(e: Evidence) -> Verdict:
    if e.cut_session is None:
        return unseen()
    back = e.record.session > e.cut_session
    return ok("came_back") if back else bad("stayed_away")


def keeps_until_stored(e: Evidence) -> Verdict:
    if e.cut_session is None or e.record.session <= e.cut_session or waits_for_stored(e).result == "failed":
        return unseen()
    first, stored_at = e.presses[0].event, e.quiet[1] if e.quiet else float("inf")
    copies = [seen for seen, _ in e.record.copies(first.run, first.seq) if seen.at < stored_at]
    again = [seen for seen in copies if seen.session > e.cut_session]
    return ok("came_again") if again else bad("forgotten")


def stops_when_stored(e: Evidence) -> Verdict:
    if e.quiet is None:
        return unseen()
    (run, seq), since, until = e.quiet
    again = [seen.at for seen, _ in e.record.copies(run, seq) if since < seen.at <= until]
    return bad("still_resending", count=len(again)) if again else ok("quiet", seconds=round(until - since, 1))


def tells_the_time(e: Evidence) -> Verdict:
    """Times are right, or are said to be counted since boot until the cloud's time is known."""
    if not e.presses:
        return unseen()
    for n, pressed in enumerate(e.presses):
        event = pressed.event
        if event.clock.source == "none":
            if n or event.at >= _FLOOR_MS:
                return bad("clock_unset", n=n + 1, at=event.at)
            continue
        room_ms = _CLOCK_MS + (event.clock.error_ms or 0)
        if not pressed.asked_ms - room_ms <= event.at <= pressed.came_ms + room_ms:
            off_s = round((event.at - pressed.came_ms) / 1000)
            return bad("clock_wrong", seconds=off_s, source=event.clock.source)
    return ok("clock_right", source=_source(e.presses[-1].event.clock))


def _source(clock: ClockState) -> str:
    return clock.source if clock.error_ms is None else f"{clock.source} ±{clock.error_ms} ms"


def resends_batches(e: Evidence) -> Verdict:
    if e.withheld is None:
        return unseen("no_batches")
    key, _ = e.withheld
    until = e.replay_at or float("inf")
    copies = [s.at for s, batch in e.record.batches if (batch.run, batch.seq) == key and s.at < until]
    return ok("batch_resent", seconds=round(copies[1] - copies[0], 1)) if copies[1:] else bad("batch_lost")


def survives_a_power_cut(e: Evidence) -> Verdict:
    if e.power is None:
        return unseen()
    pressed, before = e.power
    copies = e.record.copies(pressed.event.run, pressed.event.seq)
    return ok("came_again") if any(seen.session > before for seen, _ in copies) else bad("forgotten")


def begins_a_new_run(e: Evidence) -> Verdict:
    if e.power is None:
        return unseen()
    pressed, before = e.power
    runs = {birth.run for seen, birth in e.record.births if seen.session > before}
    if not runs:
        return bad("stayed_away")
    return bad("same_run", run=pressed.event.run) if pressed.event.run in runs else ok("new_run", runs=runs)
