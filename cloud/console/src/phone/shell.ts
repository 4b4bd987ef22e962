/** What makes a page an app of the phone: its manifest, its colour, and a worker that keeps the shell. */
export type Phone = "family" | "responder" | "technician";

const ADDRESS: Readonly<Record<Phone, string>> = { family: "/family", responder: "/go", technician: "/tech" };
const DESK_PHONE = "carebed.desk_phone";

/** Whose phone an address is for; null for every other page. */
export function phoneOf(path: string): Phone | null {
  for (const phone of ["family", "responder", "technician"] as const) {
    if (path === ADDRESS[phone] || path.startsWith(`${ADDRESS[phone]}/`)) return phone;
  }
  return null;
}

/** The desk's number outlives the network: it is what helps when there is none. */
export function rememberDeskPhone(number: string): void {
  localStorage.setItem(DESK_PHONE, number);
}

export function knownDeskPhone(): string | null {
  return localStorage.getItem(DESK_PHONE);
}

function link(rel: string, href: string): void {
  const found = document.createElement("link");
  found.rel = rel;
  found.href = href;
  document.head.append(found);
}

/** The built files that this page was made of, for the worker to keep. */
function files(): string[] {
  const loaded = performance.getEntriesByType("resource").map((entry) => new URL(entry.name));
  return [...new Set(loaded.filter((url) => url.pathname.startsWith("/assets/")).map((url) => url.pathname))];
}

async function keepShell(scope: string): Promise<void> {
  await navigator.serviceWorker.register("/sw.js", { scope });
  const ready = await navigator.serviceWorker.ready;
  ready.active?.postMessage({ type: "keep", page: scope, files: files() });
}

let started: Phone | null = null;

/** Before the first paint, and when a sign-in leads to a phone's page; does nothing on a desk. */
export function startPhone(): void {
  const phone = phoneOf(window.location.pathname);
  if (phone === null || phone === started) return;
  started = phone;
  link("manifest", `${ADDRESS[phone]}.webmanifest`);
  link("apple-touch-icon", "/icon-192.png");
  if (!("serviceWorker" in navigator)) return;
  // Once everything of the first view was fetched.
  const keep = (): void => void setTimeout(() => void keepShell(ADDRESS[phone]).catch(() => undefined), 1500);
  if (document.readyState === "complete") keep();
  else window.addEventListener("load", keep);
}
