/** Server time on a page without a live feed: taken from each answer, moved once a second; the line is what the answers say. */
import { useEffect, useState } from "react";

import { useDesk } from "../desk/state";
import { everySecond } from "../live/ticker";
import { ServerClock } from "../time/serverClock";
import { instant } from "../time/format";

/** `at`: when the server gave the last answer; `failed`: asking it anew has failed. */
export function useServerTime(at: string | undefined, failed: boolean): void {
  const [clock] = useState(() => new ServerClock(() => performance.now()));
  useEffect(() => {
    const heardMs = instant(at);
    if (heardMs === null) return;
    clock.heard(heardMs);
    useDesk.setState({ heardMs, nowMs: clock.now() });
  }, [at, clock]);
  useEffect(() => useDesk.setState({ link: failed ? "stale" : "live" }), [failed]);
  useEffect(() => everySecond(() => useDesk.setState({ nowMs: clock.now() })), [clock]);
}
