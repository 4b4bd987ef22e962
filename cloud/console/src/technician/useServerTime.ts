/** Server time on a page without a live feed: taken from each answer, moved once a second; the line is what the answers say. */
import { useEffect } from "react";

import { useDesk } from "../desk/state";
import { instant } from "../time/format";

/** `at`: when the server gave the last answer; `failed`: asking it anew has failed. */
export function useServerTime(at: string | undefined, failed: boolean): void {
  useEffect(() => {
    const heardMs = instant(at);
    if (heardMs === null) return undefined;
    const heardAt = performance.now();
    useDesk.setState({ heardMs, nowMs: heardMs });
    const timer = setInterval(() => useDesk.setState({ nowMs: heardMs + performance.now() - heardAt }), 1000);
    return () => clearInterval(timer);
  }, [at]);
  useEffect(() => useDesk.setState({ link: failed ? "stale" : "live" }), [failed]);
}
