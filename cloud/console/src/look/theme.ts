/** Day or night look: chosen on this machine, or by the deployment's night hours. */
import { useEffect, useState } from "react";

import { useDesk, type Theme } from "../desk/state";
import { hourOf } from "../time/format";

const STORED = "carebed.theme";
const ORDER: readonly Theme[] = ["auto", "day", "night"];

function stored(): Theme {
  const value = localStorage.getItem(STORED);
  return ORDER.find((theme) => theme === value) ?? "auto";
}

/** True from the first night hour to the last, across midnight. */
export function isNight(hour: number, night: readonly number[]): boolean {
  const [from = 0, to = 0] = night;
  return from <= to ? hour >= from && hour < to : hour >= from || hour < to;
}

function show(look: "day" | "night"): void {
  document.documentElement.dataset["theme"] = look;
}

/** Before the first paint, when the server's clock and night hours are not known yet. */
export function startTheme(): void {
  show(stored() === "night" ? "night" : "day");
}

/** The chosen theme and the switch to the next one; keeps the page's look in step. */
export function useTheme(night: readonly number[], zone: string): { theme: Theme; next: () => void } {
  const [theme, setTheme] = useState(stored);
  const hour = useDesk((state) => (state.nowMs === null ? null : hourOf(state.nowMs, zone)));
  const dark = theme === "night" || (theme === "auto" && hour !== null && isNight(hour, night));
  useEffect(() => show(dark ? "night" : "day"), [dark]);
  const next = (): void => {
    const following = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length] ?? "auto";
    localStorage.setItem(STORED, following);
    setTheme(following);
  };
  return { theme, next };
}
