"""A case and its protocol: which version it follows, how far it is, a step ticked by hand.

A case follows the version that was in force when it was opened: later versions are for later cases.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from cloud.access.access import Identity
from cloud.access.errors import Conflict, InvalidInput
from cloud.cases import acting, case, timeline
from cloud.cases.acting import done, say
from cloud.cases.case import Actor, Move
from cloud.cases.publish import find, no_such_case
from cloud.cases.summary import CaseSummary, iso, summary_of
from cloud.database.pool import Connection
from cloud.protocols import protocol as rules
from cloud.protocols import store
from cloud.protocols.protocol import Callees, Happened, Phrase, Protocol, StepState
from cloud.registry import people
from cloud.telephony import numbers


class StepShown(msgspec.Struct, frozen=True, kw_only=True):
    """A step as it stands in a case."""

    number: int
    text_zh: str
    text_en: str
    action: str
    done_when: str
    progress: str
    done_at: str | None
    done_by: str | None
    by_hand: bool
    needed: bool


class CaseProtocol(msgspec.Struct, frozen=True, kw_only=True):
    """The protocol of a case, and how far it is."""

    key: str
    version: int
    name_zh: str
    name_en: str
    steps: list[StepShown]
    phrases: tuple[Phrase, ...]


async def shown(conn: Connection, case_id: UUID, reader: Identity) -> CaseProtocol:
    """The steps of a case that the reader may see; raises NotFound for any other."""
    row = await find(conn, case_id)
    if not reader.sees(row["area_code"], row["org_id"]):
        raise no_such_case()
    followed = await _followed(conn, row)
    callees = await _callees(conn, row)
    over = row["state"] not in case.LIVE
    states = rules.progress(followed, await _entries(conn, case_id), callees, over=over)
    return CaseProtocol(
        key=followed.key,
        version=followed.version,
        name_zh=followed.name_zh,
        name_en=followed.name_en,
        steps=[_step(number, state) for number, state in enumerate(states, 1)],
        phrases=followed.phrases,
    )


async def tick(
    conn: Connection,
    case_id: UUID,
    actor: Actor,
    *,
    key: str,
    version: int,
    number: int,
    needed: bool = True,
    now: datetime,
) -> CaseSummary:
    """The owner says that a step is done, or not needed here; once said it stays said.

    Raises Conflict for anybody else, and where the case follows another protocol by now.
    """
    row = await acting.lock_owned(conn, case_id, actor, Move.RENEW)
    followed = await _followed(conn, row)
    if (followed.key, followed.version) != (key, version):
        raise Conflict(
            f"警情现按预案“{followed.name_zh}”处置",
            f"the case follows the protocol “{followed.name_en}” by now",
            version=followed.version,
        )
    if not 1 <= number <= len(followed.steps):
        raise InvalidInput("没有这一步", "there is no such step")
    if rules.is_ticked(followed, number, await _entries(conn, case_id)):
        return summary_of(row)
    words: dict[str, Any] = {"protocol": key, "version": version, "step": number}
    step = followed.steps[number - 1]
    words |= {"text": step.text_zh, "text_en": step.text_en, "needed": None if needed else False}
    await say(conn, case_id, rules.TICKED, actor, now=now, **words)
    await acting.renew(conn, row, actor, now)
    return await done(conn, case_id, now)


async def _followed(conn: Connection, row: dict[str, Any]) -> Protocol:
    key = rules.key_for(row["kinds"], row["class"], fire_suspected=row["fire_suspected"])
    return await store.in_force(conn, key, row["opened_at"])


async def _entries(conn: Connection, case_id: UUID) -> list[Happened]:
    return [
        Happened(at=entry.at, kind=entry.kind, actor=entry.actor, data=entry.data)
        for entry in await timeline.read(conn, case_id)
    ]


async def _callees(conn: Connection, row: dict[str, Any]) -> Callees:
    """How calls name the elder, by the end of a number of theirs, and the contacts as they were frozen."""
    contacts = frozenset(
        " ".join(part for part in (one["name"], one["relation"]) if part)
        for one in row["frozen"].get("contacts", [])
    )
    if row["resident_id"] is None:
        return Callees(contacts=contacts)
    resident = await people.find_resident(conn, at=row["opened_at"], resident_id=row["resident_id"])
    endings = frozenset(numbers.ending(phone) for phone in resident.phones)
    return Callees(resident=endings | {resident.name}, contacts=contacts)


def _step(number: int, state: StepState) -> StepShown:
    done_at = None if state.done is None else iso(state.done.at)
    return StepShown(
        number=number,
        text_zh=state.step.text_zh,
        text_en=state.step.text_en,
        action=state.step.action,
        done_when=state.step.done_when,
        progress=state.progress,
        done_at=done_at,
        done_by=None if state.done is None else state.done.by,
        by_hand=state.done is not None and state.done.by_hand,
        needed=state.done is None or state.done.needed,
    )
