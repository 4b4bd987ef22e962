import { expect, test } from "vitest";

import type { CaseDetail, CaseEntry, LastReading } from "../api/client";
import { RESOURCES, type Texts } from "../texts/texts";
import { calleesOf, elderOf, lastTry, noteOf, whosOf } from "./calls";
import { linesOf } from "./entries";
import { needFacts, profileFacts } from "./facts";
import { endsLine } from "../desk/draft";
import { questionOf, reasonsOf, reasonWords } from "./reasons";
import { statesOf, vitalsOf } from "./vitals";

const words: Readonly<Record<string, string>> = RESOURCES.zh;
const texts: Texts = {
  language: "zh",
  t: (key, values = {}) => (words[key] ?? key).replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(values[name])),
  term: (list, code) => words[`${list}.${code}`] ?? code,
};
const NOW = Date.parse("2026-01-01T02:20:00.000Z");
const at = (second: number): string => new Date(NOW + second * 1000).toISOString();
const entry = (n: number, kind: string, data: CaseEntry["data"] = {}, actor = "王敏"): CaseEntry => ({
  n,
  at: at(n * 10),
  kind,
  actor,
  data,
});

test("the timeline counts from the alarm and names what happened", () => {
  const lines = linesOf(
    [
      entry(0, "alarm", { kind: "fall", room: "bathroom" }, "system"),
      entry(1, "claimed"),
      entry(2, "note", { text: "神志清楚" }),
      entry(3, "closed", { disposition: "help_given", note: "已扶起" }),
      entry(4, "something_new"),
    ],
    NOW,
    texts,
  );
  expect(lines.map((line) => `${line.offset} ${line.actor} ${line.words}`)).toEqual([
    "+00:00 系统 报警：跌倒 · 卫生间",
    "+00:10 王敏 接警",
    "+00:20 王敏 神志清楚",
    "+00:30 王敏 结案：已提供帮助 — 已扶起",
    "+00:40 王敏 something_new",
  ]);
});

test("the log names who was sent, who was told and why, in words, each message once", () => {
  const paged = { id: "m1", channel: "sms", template: "emergency_contact" };
  const lines = linesOf(
    [
      entry(0, "dispatched", { to: "马志强", minutes: 5 }),
      entry(1, "accepted", { responder: "马志强", eta_at: at(190) }, "马志强"),
      entry(2, "notified", { to: "contacts", queued: 2, holes: [1] }, "system"),
      entry(3, "notified", { ...paged, state: "sent" }, "system"),
      entry(4, "notified", { ...paged, state: "delivered" }, "system"),
      entry(5, "notified", { ...paged, id: "m2", state: "delivered" }, "system"),
      entry(6, "returned", { reason: "seat_died" }, "system"),
      entry(7, "escalated", { reason: "p1_unclaimed" }, "system"),
      entry(8, "shelved", { until: at(7280), reason: "维修人员在场" }),
      entry(9, "handed_over", { to: "李娜", note: "signed_off" }),
    ],
    NOW,
    texts,
  );
  expect(lines.map((line) => line.words)).toEqual([
    "派单：马志强，约 5 分钟",
    "接单，约 3 分钟",
    "通知老人的联系人：2 条，1 人没有可用的电话",
    "短信通知已送达：老人的联系人 ×2",
    "交回队列：坐席离线",
    "升级：一级报警无人接警",
    "搁置 120 分钟：维修人员在场",
    "移交给 李娜 — 下班移交",
  ]);
});

test("a call that holds the case again and again is told once", () => {
  const call = { call_s: 180 };
  const lines = linesOf([entry(1, "call", call), entry(2, "call", call), entry(3, "call", { call_s: 0 })], NOW, texts);
  expect(lines.map((line) => line.words)).toEqual(["开始通话", "通话结束"]);
});

test("a failed try is found in the notes of either language", () => {
  const [son] = calleesOf([{ name: "张伟", relation: "长子", phone: "139", has_key: false, distance_note: "", distance_m: null }]);
  if (son === undefined) throw new Error("no contact");
  const missed = noteOf(RESOURCES.zh["contacts.note_missed"], son.who);
  expect(lastTry([entry(1, "note", { text: missed })], whosOf(son))).toEqual({ outcome: "missed", atMs: NOW + 10_000 });
  expect(lastTry([entry(1, "note", { text: "别的话" })], whosOf(son))).toBeNull();
  const elder = elderOf("本人", "张桂兰", ["139"]);
  const reached = noteOf(RESOURCES.en["contacts.note_reached"], RESOURCES.en["contacts.self"]);
  expect(lastTry([entry(2, "note", { text: reached })], whosOf(elder))?.outcome).toBe("reached");
});

test("a call button's note is read in one's own language, and names nobody anew", () => {
  const english: Readonly<Record<string, string>> = RESOURCES.en;
  const read: Texts = { ...texts, language: "en", t: (key, { who = "" } = {}) => (english[key] ?? key).replace("{{who}}", String(who)) };
  const notes = ["呼叫 本人 — 接通", "呼叫 长子 张伟 — 未接", "呼叫器坏了"].map((text, n) => entry(n, "note", { text }));
  expect(linesOf(notes, NOW, read).map((line) => line.words)).toEqual([
    "Called elder — reached",
    "Called 长子 张伟 — no answer",
    "呼叫器坏了",
  ]);
});

const reading = (kind: string, value: number, second: number, device = "watch-1", unit = "/"): LastReading => ({
  kind,
  unit,
  value,
  quality: null,
  at: at(second),
  device,
});

test("a value has its age and its device, outside of the personal band an arrow", () => {
  const items = [reading("heart_rate", 117, -3, "watch-1", "beat/min"), reading("heart_rate", 70, -300, "mat-1", "beat/min")];
  const [heart] = vitalsOf(items, { heart_rate: { low: 55, high: 95 } }, NOW);
  expect(heart).toMatchObject({ value: "117", unit: "/min", atMs: NOW - 3000, device: "watch-1", arrow: "up", old: false });
});

test("no data is a dash with its reason, never zero", () => {
  const vitals = vitalsOf([reading("worn", 0, -3)], {}, NOW);
  expect(vitals.map((vital) => vital.value)).toEqual([null, null, null, null, null]);
  expect(vitals[0]?.why).toBe("vitals.not_worn");
  expect(vitalsOf([], {}, NOW)[0]?.why).toBe("vitals.no_data");
});

test("a mattress says nothing about an empty bed", () => {
  const items = [reading("resp_rate", 18, -3, "mat-1", "1/min"), reading("in_bed", 0, -3, "mat-1")];
  expect(vitalsOf(items, {}, NOW)[1]).toMatchObject({ kind: "resp_rate", value: null, why: "vitals.out_of_bed" });
});

test("a value that is hours old is marked as not current", () => {
  expect(vitalsOf([reading("spo2", 96, -7200, "watch-1", "%")], {}, NOW)[2]).toMatchObject({ value: "96", old: true });
});

test("blood pressure is one line, temperature has one decimal", () => {
  const items = [
    reading("systolic", 128, -60, "cuff-1", "mm[Hg]"),
    reading("diastolic", 76, -60, "cuff-1", "mm[Hg]"),
    reading("body_temperature", 36.55, -60, "watch-1", "Cel"),
  ];
  const vitals = vitalsOf(items, {}, NOW);
  expect(vitals[3]).toMatchObject({ value: "128/76", unit: "mmHg" });
  expect(vitals[4]).toMatchObject({ value: "36.5", unit: "℃" });
});

test("states are only those that a device has told", () => {
  expect(statesOf([reading("in_bed", 1, -5), reading("battery", 60, -5)])).toEqual([
    { kind: "in_bed", on: true, atMs: NOW - 5000 },
  ]);
});

test("a reason that repeats the title is not said twice", () => {
  expect(reasonWords("fall", ["fall_raised", "test_outside_window", "something_else"], texts)).toEqual([
    "自称测试，但没有开放测试时段",
    "something_else",
  ]);
});

const suspected = (reasons: string[], cleared_at: string | null = null): object => ({
  kind: "fall_suspected",
  reasons,
  cleared_at,
});

test("what to ask first stands by itself, of the newest alarm that is not over", () => {
  const detail = {
    alarms: [
      suspected(["impact", "ask_if_fell"]),
      suspected(["lies_still", "ask_if_can_get_up"]),
      suspected(["impact", "ask_who_is_there"], at(0)),
    ],
  } as unknown as CaseDetail;
  expect(questionOf(detail, texts)).toBe("先问：能自己起来吗？");
  expect(reasonsOf(detail, texts)).toEqual(["撞击", "之后一直没动"]);
  expect(questionOf({ alarms: [suspected(["impact"])] } as unknown as CaseDetail, texts)).toBeNull();
  expect(questionOf(undefined, texts)).toBeNull();
});

test("needs come before the profile, and how the elder lives stands beside the name", () => {
  const profile = { living: "独居", blood_type: "A", lives_alone: true };
  expect(profileFacts(profile, texts).filter((fact) => fact.leading).map((fact) => fact.value)).toEqual(["独居", "独居"]);
  expect(needFacts({ hearing: "左耳聋", power: [] }, profile, texts).map((fact) => fact.label)).toEqual(["听力", "血型"]);
});

test("Enter ends a line, but not while an input method composes", () => {
  const enter = { key: "Enter", isComposing: false, keyCode: 13, ctrlKey: false };
  expect(endsLine(enter)).toBe(true);
  expect(endsLine({ ...enter, isComposing: true })).toBe(false);
  expect(endsLine({ ...enter, keyCode: 229 })).toBe(false);
  expect(endsLine({ ...enter, ctrlKey: true })).toBe(false);
});
