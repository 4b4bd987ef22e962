import type { CaseSummary } from "../api/client";

/** A plain waiting SOS; every field of the contract, so that a change of it is noticed here. */
export function aCase(change: Partial<CaseSummary> = {}): CaseSummary {
  return {
    id: "00000000-0000-7000-8000-000000000001",
    number: 1,
    subject_kind: "home",
    subject_id: "h1",
    class: "care",
    state: "open",
    priority: 1,
    kinds: ["sos"],
    rings: 1,
    fire_suspected: false,
    late: false,
    alarm_count: 1,
    repeats: 1,
    resident: { id: "r1", name: "张桂兰", sex: "female", age: 82 },
    place: {
      area: "滨江区",
      compound: "桂花苑",
      building: "3栋",
      unit: "2单元",
      room: "601",
      text: "滨江区桂花苑3栋2单元601",
      incident_room: null,
      lat: null,
      lon: null,
    },
    owner: null,
    opened_at: "2026-01-01T02:10:00.000Z",
    occurred_at: "2026-01-01T02:09:59.000Z",
    claimed_at: null,
    stage_due_at: null,
    resolved_at: null,
    closed_at: null,
    disposition: null,
    follows_id: null,
    event_ids: [],
    version: 1,
    ...change,
  };
}
