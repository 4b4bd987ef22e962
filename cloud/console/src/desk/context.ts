/** Who sits here and under which configuration: given once, at the top of the desk. */
import { createContext, useContext } from "react";

import type { SessionInfo } from "../api/client";
import type { UiConfig } from "../api/queries";

export interface Seat {
  user: SessionInfo["user"];
  config: UiConfig;
  /** Operators and supervisors act; an administrator only reads. */
  mayAct: boolean;
}

export const SeatContext = createContext<Seat | null>(null);

export function useSeat(): Seat {
  const seat = useContext(SeatContext);
  if (seat === null) throw new Error("useSeat outside of the desk");
  return seat;
}
