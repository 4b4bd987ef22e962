/*
 * Keeps the shell of a phone's page (its HTML and built files) so that it opens without a network and can say
 * so. It never answers for /api: what is shown as live was fetched just now, or is not shown as live.
 */
const CACHE = `carebed-shell:${self.registration.scope}`;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function keep(page, files) {
  const cache = await caches.open(CACHE);
  const wanted = new Set(files);
  const kept = await cache.keys();
  await Promise.all(
    kept
      .map((request) => new URL(request.url).pathname)
      .filter((path) => path.startsWith("/assets/") && !wanted.has(path))
      .map((path) => cache.delete(path)),
  );
  await cache.addAll([page, ...files]);
}

self.addEventListener("message", (event) => {
  const { type, page, files } = event.data ?? {};
  if (type !== "keep" || !Array.isArray(files)) return;
  const own = files.filter((path) => typeof path === "string" && path.startsWith("/assets/"));
  event.waitUntil(keep(page, own));
});

async function pageOf(request) {
  try {
    const fresh = await fetch(request);
    if (fresh.ok) (await caches.open(CACHE)).put(new URL(self.registration.scope).pathname, fresh.clone());
    return fresh;
  } catch (error) {
    const kept = await caches.match(new URL(self.registration.scope).pathname, { cacheName: CACHE });
    if (kept) return kept;
    throw error;
  }
}

async function fileOf(request) {
  const kept = await caches.match(request, { cacheName: CACHE });
  return kept ?? fetch(request);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || url.pathname.startsWith("/api")) return;
  if (request.mode === "navigate") event.respondWith(pageOf(request));
  else if (url.pathname.startsWith("/assets/")) event.respondWith(fileOf(request));
});
