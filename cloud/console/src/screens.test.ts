import { expect, test } from "vitest";

import { homeOf } from "./screens";

test("everybody begins on his own page", () => {
  const homes = { operator: "/", supervisor: "/", official: "/wall", family: "/family", responder: "/go", technician: "/tech", admin: "/admin" } as const;
  for (const [role, path] of Object.entries(homes)) {
    expect(homeOf(role as keyof typeof homes)?.path, role).toBe(path);
  }
});
