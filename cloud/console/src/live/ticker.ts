/** Calls `run` once a second from a worker's timer; returns the function that ends it. */
export function everySecond(run: () => void): () => void {
  const worker = new Worker(new URL("./ticker.worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener("message", run);
  return () => worker.terminate();
}
