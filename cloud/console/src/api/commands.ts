/** What an operator does to a case. Every answer is the case as it is now and goes into the lists at once. */
import { answered, api, freshKey, type CallOutcome, type CaseSummary, type Disposition, type PhoneCall } from "./client";

type OneStep = "claim" | "release" | "renew";

/** Claim, release or renew; a 409 names the winner or the state. */
export function step(id: string, verb: OneStep): Promise<CaseSummary> {
  const params = { path: { case_id: id } };
  switch (verb) {
    case "claim":
      return answered(api.POST("/api/v1/cases/{case_id}/claim", { params }));
    case "release":
      return answered(api.POST("/api/v1/cases/{case_id}/release", { params }));
    case "renew":
      return answered(api.POST("/api/v1/cases/{case_id}/renew", { params }));
  }
}

/** The emergency is over, as far as it has rung at this screen; a later ring is a 409. */
export function resolveCase(id: string, rings: number): Promise<CaseSummary> {
  const params = { path: { case_id: id }, query: { seen_rings: rings } };
  return answered(api.POST("/api/v1/cases/{case_id}/resolve", { params }));
}

export function closeCase(id: string, disposition: Disposition, note: string): Promise<CaseSummary> {
  const body = note === "" ? { disposition } : { disposition, note };
  return answered(api.POST("/api/v1/cases/{case_id}/close", { params: { path: { case_id: id } }, body }));
}

/** The line tells of a call that was made by hand. */
export interface CallTold {
  called: "resident" | "contact";
  outcome: "connected" | "no_answer";
}

/** Adds a line; the same `key` again adds nothing, so a lost answer can be asked for once more. */
export function addNote(id: string, text: string, key: string = freshKey(), call?: CallTold): Promise<CaseSummary> {
  const headers = { "Idempotency-Key": key };
  return answered(
    api.POST("/api/v1/cases/{case_id}/notes", { params: { path: { case_id: id } }, body: { text, ...call }, headers }),
  );
}

/** A call is running and holds the case for `seconds`; 0 ends it. */
export function holdForCall(id: string, seconds: number): Promise<CaseSummary> {
  const params = { path: { case_id: id } };
  return answered(api.POST("/api/v1/cases/{case_id}/call", { params, body: { call_s: seconds } }));
}

/** The door code; the server writes down who looked. */
export async function showDoorCode(id: string): Promise<string> {
  const params = { path: { case_id: id } };
  return (await answered(api.POST("/api/v1/cases/{case_id}/door-code", { params }))).door_code;
}

/** Asks the supervisors to look at a case. */
export function tellSupervisors(id: string, note: string): Promise<CaseSummary> {
  const body = { note: note === "" ? null : note };
  const headers = { "Idempotency-Key": freshKey() };
  return answered(
    api.POST("/api/v1/cases/{case_id}/supervisors", { params: { path: { case_id: id } }, body, headers }),
  );
}

/** Gives a case to somebody at a seat, who has 30 s to accept. */
export function handOver(id: string, to: string, note: string): Promise<CaseSummary> {
  const body = { to, note: note === "" ? null : note };
  return answered(api.POST("/api/v1/cases/{case_id}/hand-over", { params: { path: { case_id: id } }, body }));
}

export function shelveCase(id: string, minutes: number, reason: string): Promise<CaseSummary> {
  const params = { path: { case_id: id } };
  return answered(api.POST("/api/v1/cases/{case_id}/shelve", { params, body: { minutes, reason } }));
}

export function unshelveCase(id: string): Promise<CaseSummary> {
  return answered(api.DELETE("/api/v1/cases/{case_id}/shelve", { params: { path: { case_id: id } } }));
}

/** The alarms of `id` become those of one's own case `into`, which is the answer. */
export function mergeCase(id: string, into: string): Promise<CaseSummary> {
  return answered(api.POST("/api/v1/cases/{case_id}/merge", { params: { path: { case_id: id } }, body: { into } }));
}

export function makeOrder(id: string, note: string): Promise<CaseSummary> {
  const body = { note: note === "" ? null : note };
  return answered(api.POST("/api/v1/cases/{case_id}/service-order", { params: { path: { case_id: id } }, body }));
}

export function unmakeOrder(id: string): Promise<CaseSummary> {
  return answered(api.DELETE("/api/v1/cases/{case_id}/service-order", { params: { path: { case_id: id } } }));
}

export function followUp(id: string, note: string): Promise<CaseSummary> {
  const body = { note: note === "" ? null : note };
  return answered(api.POST("/api/v1/cases/{case_id}/follow-up", { params: { path: { case_id: id } }, body }));
}

/** The seat's extension rings, then the number; `state` is `failed` where the system did not take it. */
export function dial(id: string, number: string): Promise<PhoneCall> {
  const headers = { "Idempotency-Key": freshKey() };
  const params = { path: { case_id: id } };
  return answered(api.POST("/api/v1/cases/{case_id}/dial", { params, body: { number }, headers }));
}

export async function hangUp(callId: string): Promise<void> {
  await answered(api.POST("/api/v1/telephony/calls/{call_id}/hang-up", { params: { path: { call_id: callId } } }));
}

/** What a call to the home came to; nobody answering is an emergency. */
export function callBack(id: string, outcome: CallOutcome): Promise<CaseSummary> {
  const params = { path: { case_id: id } };
  return answered(api.POST("/api/v1/cases/{case_id}/call-back", { params, body: { outcome } }));
}

/** An incoming call becomes a case, or belongs to one; returns the case's id. */
export async function caseOfCall(callId: string, about: { case_id?: string; resident_id?: string }): Promise<string> {
  const params = { path: { call_id: callId } };
  return (await answered(api.POST("/api/v1/telephony/calls/{call_id}/case", { params, body: about }))).case_id;
}
