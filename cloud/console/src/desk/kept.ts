/**
 * Lines that one user is writing, in this tab only: a session that ends does not lose them, and they are gone when
 * somebody else signs in. Where the browser keeps nothing, nothing is kept.
 */
export interface Line {
  text: string;
  /** Of the request that will save it. */
  key: string;
}

interface Kept {
  user: string;
  lines: Record<string, Line>;
}

const ITEM = "carebed.lines";
const MOST = 20;

function linesOf(user: string): Record<string, Line> {
  try {
    const kept = JSON.parse(sessionStorage.getItem(ITEM) ?? "null") as Kept | null;
    if (kept?.user === user) return kept.lines;
    sessionStorage.removeItem(ITEM);
  } catch {
    // Not readable: as if nothing had been written.
  }
  return {};
}

/** What a user was writing at a place; undefined: nothing. */
export function keptLine(user: string, place: string): Line | undefined {
  return linesOf(user)[place];
}

/** Keeps a line until it is empty; of very many the oldest goes. */
export function keepLine(user: string, place: string, line: Line): void {
  const { [place]: _, ...others } = linesOf(user);
  const lines = Object.entries(line.text === "" ? others : { ...others, [place]: line }).slice(-MOST);
  try {
    sessionStorage.setItem(ITEM, JSON.stringify({ user, lines: Object.fromEntries(lines) } satisfies Kept));
  } catch {
    // It stays on the screen.
  }
}

/** It is saved, or nothing more is to be written there. */
export function dropLine(user: string, place: string): void {
  keepLine(user, place, { text: "", key: "" });
}

/** What anybody else was writing is forgotten. */
export function forgetOthers(user: string): void {
  linesOf(user);
}
