/** The one door to the API: typed by the generated schema, same origin, cookie session with a CSRF token. */
import createClient from "openapi-fetch";

import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type CaseSummary = Schemas["CaseSummary"];
export type CaseDetail = Schemas["CaseDetail"];
export type CaseEntry = Schemas["CaseEntry"];
export type CaseAlarm = Schemas["CaseAlarm"];
export type CaseContact = Schemas["CaseContact"];
export type Disposition = Schemas["CloseCase"]["disposition"];
export type LastReading = Schemas["LastReading"];
export type LiveMessage = Schemas["LiveMessage"];
export type CallOutcome = Schemas["CallBack"]["outcome"];
export type PhoneCall = Schemas["PhoneCall"];
export type PhoneCallPop = Schemas["ScreenPop"];
export type Problem = Schemas["Problem"];
export type ResidentDetail = Schemas["ResidentDetail"];
export type ImportReport = Schemas["ImportReport"];
export type News2 = Schemas["News2"];
export type Trends = Schemas["Trends"];
export type Curve = Schemas["Curve"];
export type SessionInfo = Schemas["SessionInfo"];
export type Role = SessionInfo["user"]["role"];

/** An answer that was no success; `problem` is null when the server could not be reached or did not explain itself. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | null,
  ) {
    super(problem?.detail ?? `HTTP ${status}`);
  }
}

const TIME_LIMIT_MS = 10_000;
let csrfToken = "";

/** Takes the token of the session that has just begun; "" when the operator has signed out. */
export function rememberCsrf(token: string): void {
  csrfToken = token;
}

/** True when a session has ended without the operator's doing. */
export function sessionWasLost(): boolean {
  return csrfToken !== "";
}

export const api = createClient<paths>({
  fetch: (request: Request) => fetch(request, { signal: AbortSignal.timeout(TIME_LIMIT_MS) }),
});

const begun = new Map<string, { atMs: number; url: string }>();

/** When the first command was given that has not been answered yet, ms of the page's own clock; null: all were. */
export function unansweredSince(): number | null {
  const [first] = begun.values();
  return first?.atMs ?? null;
}

/** Whether this page has asked for a case to go back to the queue, or to another, and waits for the answer. */
export function isGivenAway(caseId: string): boolean {
  return [...begun.values()].some(({ url }) => url.includes(caseId) && /release|hand-over/.test(url));
}

let signedOut = (): void => undefined;

/** What is to be done where the server no longer knows the session of a request. */
export function onSignedOut(run: () => void): void {
  signedOut = run;
}

const SESSION = "/api/v1/session";

api.use({
  onRequest({ request, id }) {
    if (request.method === "GET") return request;
    request.headers.set("X-CSRF-Token", csrfToken);
    begun.set(id, { atMs: performance.now(), url: request.url });
    return request;
  },
  onResponse({ response, id, schemaPath }) {
    begun.delete(id);
    if (response.status === 401 && !schemaPath.startsWith(SESSION)) signedOut();
  },
  onError({ id }) {
    begun.delete(id);
  },
});

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "detail_zh" in value && "status" in value;
}

/** The data of an answer; throws ApiError for everything else, status 0 when there was no answer. */
export async function answered<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let result: { data?: T; error?: unknown; response: Response };
  try {
    result = await call;
  } catch {
    throw new ApiError(0, null);
  }
  if (!result.response.ok) throw new ApiError(result.response.status, isProblem(result.error) ? result.error : null);
  return result.data as T;
}

/** A random id for Idempotency-Key; works on plain http too, where crypto.randomUUID is missing. */
export function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
