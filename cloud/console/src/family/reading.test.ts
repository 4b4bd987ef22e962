import { QueryObserver } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";

import { queries } from "../api/queries";
import { readAnew } from "./reading";

test("news that comes while a page is read for the first time is read, too", async () => {
  const answers: ((told: string) => void)[] = [];
  const queryFn = (): Promise<string> => new Promise((resolve) => answers.push(resolve));
  const shown = new QueryObserver(queries, { queryKey: ["family-page", "a"], queryFn });
  const leave = shown.subscribe(() => undefined);
  expect(answers).toHaveLength(1);
  void readAnew();
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[0]?.("before the alarm");
  answers[1]?.("the alarm");
  await vi.waitFor(() => expect(shown.getCurrentResult().data).toBe("the alarm"));
  leave();
});
