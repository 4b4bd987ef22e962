import { expect, test } from "vitest";

import { homeOf } from "./screens";

test("everybody begins on his own page, and a technician on none", () => {
  const homes = { operator: "/", supervisor: "/", official: "/wall", family: "/family", responder: "/go", admin: "/admin" } as const;
  for (const [role, path] of Object.entries(homes)) {
    expect(homeOf(role as keyof typeof homes)?.path, role).toBe(path);
  }
  expect(homeOf("technician")).toBeUndefined();
});
