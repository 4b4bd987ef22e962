"""What the checks of connections, topics and messages look at. Pure."""

from firmware_specs import topics
from firmware_specs.messages import Online, decode
from simulators.conformance.evidence import Evidence
from simulators.conformance.record import Hello
from simulators.conformance.texts import say
from simulators.conformance.verdict import Verdict, bad, ok, unseen
from simulators.mqtt import covers


def connects(e: Evidence) -> Verdict:
    record = e.record
    if wrong := [hello.client_id for hello in record.hellos if hello.client_id != record.gateway]:
        return bad("wrong_client_id", seen=wrong[0], wanted=record.gateway)
    if record.hellos or record.births:
        return ok("connected", count=record.session)
    if record.refused:
        hello, code = record.refused[-1]
        return bad("refused", user=hello.user, level=hello.level, code=code)
    return bad("nobody_came")


def keeps_alive(e: Evidence) -> Verdict:
    intervals = sorted({hello.keep_alive_s for hello in e.record.hellos})
    if not intervals:
        return unseen("hidden_by_broker")
    good = intervals[0] > 0 and intervals[-1] <= topics.KEEP_ALIVE_S
    return (ok if good else bad)("keep_alive", seconds=intervals)


def leaves_a_will(e: Evidence) -> Verdict:
    record = e.record
    if not record.hellos:
        gone = [
            online for _, online in record.onlines if not online.online and online.run in record.own_runs()
        ]
        return ok("will_published", run=gone[0].run) if gone else unseen("hidden_by_broker")
    for number, hello in enumerate(record.hellos, 1):
        if fault := _will_fault(e, number, hello):
            return bad("will_wrong", session=number, fault=fault)
    return ok("will_right", count=len(record.hellos))


def _will_fault(e: Evidence, session: int, hello: Hello) -> str:
    """What is wrong with the last will of a connection; empty when nothing is."""
    will = hello.will
    if will is None:
        return say("will_absent")
    if (will.topic, will.qos, will.retain) != (topics.state(e.record.gateway, "online"), 1, True):
        return f"{will.topic} qos={will.qos} retain={will.retain}"
    runs = {birth.run for seen, birth in e.record.births if seen.session == session}
    try:
        said = decode(will.payload, Online)
    except ValueError as error:
        return str(error)
    return (
        "" if not said.online and (said.run in runs or not runs) else f"{will.payload.decode()} runs={runs}"
    )


def subscribes(e: Evidence) -> Verdict:
    record, gateway = e.record, e.record.gateway
    if not record.hellos:
        return unseen("hidden_by_broker")
    needed = [topics.down(gateway, channel) for channel in ("ack", "command", "config")]
    needed.append(topics.CLOUD_STATUS)
    if lacking := [topic for topic in needed if not any(covers(p, topic) for p in record.subscribed)]:
        return bad("not_subscribed", topics=lacking)
    own = (topics.down(gateway, ""), topics.CLOUD_STATUS)
    if strange := [pattern for pattern in record.subscribed if not pattern.startswith(own)]:
        return bad("subscribed_beyond", topics=strange)
    return ok("subscribed", topics=sorted(set(record.subscribed)))


def keeps_to_its_topics(e: Evidence) -> Verdict:
    if not e.record.seen:
        return unseen()
    own = e.record.gateway
    strange = [s.topic for s in e.record.seen if (p := topics.parse_up(s.topic)) is None or p.gateway != own]
    return bad("strange_topics", topics=sorted(set(strange))[:5]) if strange else ok("own_topics")


def retains_states_only(e: Evidence) -> Verdict:
    if not e.record.seen or e.retained is None:
        return unseen()
    up = topics.up(e.record.gateway, "")
    kept = [topic for topic in e.retained if topic.startswith(up)]
    kept += [s.topic for s in e.record.seen if s.retain and s.topic.startswith(up)]
    if kept:
        return bad("retained_wrongly", topics=sorted(set(kept)))
    state = topics.state(e.record.gateway, "")
    lost = [s.topic for s in e.record.seen if s.topic.startswith(state) and s.topic not in e.retained]
    lost += [s.topic for s in e.record.seen if s.topic.startswith(state) and s.retain is False]
    return bad("not_retained", topics=sorted(set(lost))) if lost else ok("retained", count=len(e.retained))


def publishes_with_qos_1(e: Evidence) -> Verdict:
    log = topics.up(e.record.gateway, "log")
    wrong = sorted({(s.topic, s.qos) for s in e.record.seen if s.topic != log and s.qos != 1})
    if not e.record.seen:
        return unseen()
    return bad("wrong_qos", seen=wrong[:3]) if wrong else ok("qos_right", count=len(e.record.seen))


def speaks_the_contract(e: Evidence) -> Verdict:
    if not e.record.seen:
        return unseen()
    if e.record.unreadable:
        seen, reason = e.record.unreadable[0]
        return bad("unreadable", topic=seen.topic, reason=reason, count=len(e.record.unreadable))
    if wrong := [event.id for _, event in e.record.events if event.id[14] != "7"]:
        return bad("not_uuid7", id=wrong[0])
    return ok("all_readable", count=len(e.record.seen))


def greets(e: Evidence) -> Verdict:
    record = e.record
    for session in range(1, record.session + 1):
        runs = {birth.run for seen, birth in record.births if seen.session == session}
        online = {o.run for seen, o in record.onlines if seen.session == session and o.online}
        if len(runs) != 1 or not runs & online:
            return bad("no_greeting", session=session, births=sorted(runs), online=sorted(online))
    return ok("greeted", count=record.session) if record.session else unseen()


def beats(e: Evidence) -> Verdict:
    limit_s, longest = e.pace.limit(topics.KEEP_ALIVE_S), 0.0
    for session in range(1, e.record.session + 1):
        times = [seen.at for seen, online in e.record.onlines if seen.session == session and online.online]
        last = max((seen.at for seen in e.record.seen if seen.session == session), default=0.0)
        gaps = [b - a for a, b in zip(times, [*times[1:], last], strict=True)]
        longest = max([longest, *gaps])
    if longest > limit_s:
        return bad("heartbeat_late", seconds=round(longest, 1))
    repeated = len(e.record.onlines) > e.record.session
    return ok("heartbeat", seconds=round(longest, 1)) if repeated else unseen()
