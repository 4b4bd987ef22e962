/** Which page belongs to which address and to whom. Each is a chunk of its own; `/` is the operator's desk. */
import { lazy, type ComponentType } from "react";

import type { Role } from "./api/client";

export interface Screen {
  path: string;
  roles: readonly Role[];
  Page: ComponentType;
}

export const SCREENS: readonly Screen[] = [
  {
    path: "/",
    roles: ["operator", "supervisor", "admin"],
    Page: lazy(async () => ({ default: (await import("./desk/Desk")).Desk })),
  },
  {
    path: "/resident",
    roles: ["operator", "supervisor", "admin"],
    Page: lazy(async () => ({ default: (await import("./resident/ResidentLink")).ResidentLink })),
  },
  {
    path: "/supervisor",
    roles: ["supervisor", "admin"],
    Page: lazy(async () => ({ default: (await import("./supervisor/Supervisor")).Supervisor })),
  },
  {
    path: "/wall",
    roles: ["supervisor", "official", "admin", "wall"],
    Page: lazy(async () => ({ default: (await import("./wall/Wall")).Wall })),
  },
  {
    path: "/family",
    roles: ["family"],
    Page: lazy(async () => ({ default: (await import("./family/Family")).Family })),
  },
  {
    path: "/go",
    roles: ["responder"],
    Page: lazy(async () => ({ default: (await import("./responder/Responder")).Responder })),
  },
  {
    path: "/tech",
    roles: ["technician"],
    Page: lazy(async () => ({ default: (await import("./technician/Technician")).Technician })),
  },
  {
    path: "/admin",
    roles: ["admin"],
    Page: lazy(async () => ({ default: (await import("./admin/Admin")).Admin })),
  },
];

// Who may open the desk too begins elsewhere.
const HOMES: Partial<Record<Role, string>> = { admin: "/admin" };

/** Where somebody of a role begins: the screen that is his; undefined for a role without one. */
export function homeOf(role: Role): Screen | undefined {
  const path = HOMES[role];
  return SCREENS.find((screen) => screen.roles.includes(role) && (path === undefined || screen.path === path));
}
