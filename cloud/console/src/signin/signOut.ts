/** How a session ends at this screen, whoever it belonged to. */
import { answered, api, rememberCsrf } from "../api/client";
import { queries } from "../api/queries";
import { clearDesk } from "../desk/state";

const KEPT: ReadonlySet<unknown> = new Set(["session", "ui-config"]);

/** What was read for the one who leaves is forgotten. */
export function forget(): void {
  clearDesk();
  queries.removeQueries({ predicate: ({ queryKey: [name] }) => !KEPT.has(name) });
}

function leave(): void {
  rememberCsrf("");
  queries.setQueryData(["session"], null);
  forget();
}

/** Ends the session; the screen is left even where the server does not answer. */
export function signOut(): void {
  answered(api.DELETE("/api/v1/session")).then(leave, leave);
}
