import { expect, test } from "vitest";

import { firstOf, type Dispatch } from "./reading";

const shown = (...states: string[]): string | undefined => firstOf(states.map((state) => ({ state }) as Dispatch))?.state;

test("what is in hand is shown before what is asked, and that before what was not answered in time", () => {
  expect(shown("no_answer", "offered", "accepted", "arrived")).toBe("arrived");
  expect(shown("no_answer", "offered", "accepted")).toBe("accepted");
  expect(shown("no_answer", "offered")).toBe("offered");
  expect(shown("no_answer")).toBe("no_answer");
  expect(shown()).toBeUndefined();
});
