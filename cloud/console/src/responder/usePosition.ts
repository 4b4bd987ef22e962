/** Sharing one's position on the way: only when switched on, told each 20 s at most, ended by arriving. */
import { useEffect, useState } from "react";

import { tellPosition } from "./reading";

const EVERY_MS = 20_000;

export interface Sharing {
  on: boolean;
  refused: boolean;
  sentAtMs: number | null;
  toggle: () => void;
}

export function usePosition(underWay: boolean, nowMs: () => number): Sharing {
  const [on, setOn] = useState(false);
  const [refused, setRefused] = useState(false);
  const [sentAtMs, setSent] = useState<number | null>(null);
  const active = on && underWay;
  useEffect(() => {
    if (!active) return undefined;
    let last = -EVERY_MS;
    const watch = navigator.geolocation.watchPosition(
      ({ coords }) => {
        if (performance.now() - last < EVERY_MS) return;
        last = performance.now();
        tellPosition(coords.latitude, coords.longitude).then(
          () => setSent(nowMs()),
          () => undefined,
        );
      },
      () => {
        setRefused(true);
        setOn(false);
      },
      { enableHighAccuracy: true, maximumAge: 10_000 },
    );
    return () => navigator.geolocation.clearWatch(watch);
  }, [active, nowMs]);
  const toggle = (): void => {
    setRefused(false);
    setSent(null);
    setOn(!active);
  };
  return { on: active, refused, sentAtMs, toggle };
}
