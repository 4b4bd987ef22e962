import { expect, test, vi } from "vitest";

import { api } from "./client";
import { registerExtension } from "./phoneQueries";
import { queries } from "./queries";

test("an answer that was asked for before an extension was registered does not undo it", async () => {
  const phone = { seat_id: "s-1", staff_name: "林晓敏", provider: "pbx", extension: "801", state: "ready", state_at: "2026-01-01T00:00:00.000Z" };
  vi.spyOn(api, "POST").mockResolvedValue({ data: phone, response: new Response() } as never);
  const answers: ((choices: object) => void)[] = [];
  const asked = queries.fetchQuery({ queryKey: ["phone"], queryFn: () => new Promise<object>((answer) => answers.push(answer)) });
  const settled = asked.catch(() => undefined);
  await registerExtension("801", "pbx");
  for (const answer of answers) answer({ providers: ["pbx"], phone: null });
  await settled;
  expect(queries.getQueryData(["phone"])).toMatchObject({ phone });
});
