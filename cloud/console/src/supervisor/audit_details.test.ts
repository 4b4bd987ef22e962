import { expect, test } from "vitest";

import { RESOURCES, type Key } from "../texts/texts";
import { factsOf, shortened } from "./audit_details";

const t = (key: Key): string => RESOURCES.zh[key];
const known = { t, language: "zh", zone: "Asia/Shanghai", areaName: (code: string) => (code === "370502" ? "东营区" : code) } as const;
const told = (detail: Record<string, unknown>): string[] =>
  factsOf(detail, known).map(({ name, value }) => `${name} ${value}`);

test("codes are words, and times are the deployment's", () => {
  expect(told({ from: "2026-01-01T16:00:00.000Z", group: "district" })).toEqual(["从 01/02 00:00:00", "分组 区县"]);
  expect(told({ area: "370502" })).toEqual(["地区 东营区"]);
  expect(told({ kind: "trends", kinds: ["heart_rate", "spo2"] })).toEqual(["内容 曲线", "项目 心率、血氧"]);
  expect(told({ state: "hospital", door_code: true })).toEqual(["改了门锁密码 是", "状态 住院"]);
  expect(told({ after: "supervisor", before: "operator" })).toEqual(["改前 坐席", "改后 班长"]);
});

test("what was inside a detail is told as well", () => {
  expect(told({ after: { bands: { heart_rate: { low: 50 } }, fence: "off" } })).toEqual(["改后 正常范围 心率 下限 50，走出安全范围 不报警"]);
  expect(told({ before: {}, fields: [] })).toEqual(["改前 —", "改动的项目 —"]);
  expect(told({ reasons: { "room:kitchen": "锁着" } })).toEqual(["未通过的原因 走房间 厨房 锁着"]);
});

test("an id is short and whole beside it", () => {
  const id = "0192f3a0-1b2c-7d3e-8f40-a1b2c3d4e5f6";
  expect(shortened(`staff:${id}`)).toBe("staff:…c3d4e5f6");
  expect(factsOf({ home_id: id }, known)).toEqual([{ name: "住户", value: "…c3d4e5f6", whole: id }]);
});

test("what has no words yet is shown as it was written", () => {
  expect(told({ moon: "full", state: "waning", search: "toString" })).toEqual(["搜索 toString", "状态 waning", "moon full"]);
  expect(told({ constructor: "constructor" })).toEqual(["constructor constructor"]);
});
