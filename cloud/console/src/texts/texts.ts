/** Chinese first, English by switch; every key exists in both. Data (names, addresses, notes) is never translated. */
import i18next, { type i18n } from "i18next";
import { useCallback } from "react";
import { initReactI18next, useTranslation } from "react-i18next";

import { adminEn, adminZh } from "../admin/texts";
import { stepsEn, stepsZh } from "../case/stepsTexts";
import { deskEn, deskZh } from "../desk/texts";
import { mapEn, mapZh } from "../map/texts";
import { zhPhone } from "../phone/texts";
import { enPhone } from "../phone/texts_en";
import { quietEn, quietZh } from "../quiet/texts";
import { residentEn, residentZh } from "../resident/texts";
import { chiefEn, chiefZh } from "../supervisor/texts";
import { techEn, techZh } from "../technician/texts";
import { trendsEn, trendsZh } from "../trends/texts";
import { wallEn, wallZh } from "../wall/texts";
import { en } from "./en";
import { enTerms } from "./en_terms";
import { zh } from "./zh";
import { zhTerms, type TermKey } from "./zh_terms";

/** Every room's texts; no key stands in two of them. */
export const ROOMS = [
  { zh, en },
  { zh: zhTerms, en: enTerms },
  { zh: adminZh, en: adminEn },
  { zh: chiefZh, en: chiefEn },
  { zh: deskZh, en: deskEn },
  { zh: mapZh, en: mapEn },
  { zh: zhPhone, en: enPhone },
  { zh: quietZh, en: quietEn },
  { zh: residentZh, en: residentEn },
  { zh: stepsZh, en: stepsEn },
  { zh: techZh, en: techEn },
  { zh: trendsZh, en: trendsEn },
  { zh: wallZh, en: wallEn },
] as const;

type KeyOf<Room> = Room extends { zh: infer Words } ? keyof Words : never;
export type { TermKey };
export type Key = KeyOf<(typeof ROOMS)[number]>;
export type TextKey = Exclude<Key, TermKey>;
export type Values = Readonly<Record<string, string | number>>;
export type Language = "zh" | "en";

function merged(language: Language): Readonly<Record<Key, string>> {
  return Object.assign({}, ...ROOMS.map((room) => room[language])) as Record<Key, string>;
}

export const RESOURCES: Readonly<Record<Language, Readonly<Record<Key, string>>>> = {
  zh: merged("zh"),
  en: merged("en"),
};

const STORED = "carebed.language";

const GRAVITY: readonly string[] = Object.keys(zhTerms)
  .filter((key) => key.startsWith("event."))
  .map((key) => key.slice("event.".length));

function rank(kind: string): number {
  const found = GRAVITY.indexOf(kind);
  return found < 0 ? GRAVITY.length : found;
}

/** Event kinds, gravest first; unknown ones last. */
export function gravestFirst(kinds: readonly string[]): string[] {
  return kinds.toSorted((a, b) => rank(a) - rank(b));
}

function storedLanguage(): Language {
  return localStorage.getItem(STORED) === "en" ? "en" : "zh";
}

function mark(language: Language): void {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = RESOURCES[language]["app.title"];
}

/** Begins with the language last chosen on this machine. */
export function startTexts(): i18n {
  const language = storedLanguage();
  mark(language);
  void i18next.use(initReactI18next).init({
    lng: language,
    resources: { zh: { translation: RESOURCES.zh }, en: { translation: RESOURCES.en } },
    keySeparator: false,
    nsSeparator: false,
    pluralSeparator: "~",
    interpolation: { escapeValue: false },
    initAsync: false,
  });
  return i18next;
}

export function switchLanguage(language: Language): void {
  localStorage.setItem(STORED, language);
  mark(language);
  void i18next.changeLanguage(language);
}

/** A text outside of a component, in the language of the moment. */
export function textNow(key: Key, values?: Values): string {
  return i18next.t(key, { ...values });
}

/** A problem's detail in the language of the moment. */
export function inLanguage(zhText: string, enText: string): string {
  return i18next.language === "en" ? enText : zhText;
}

export interface Texts {
  language: Language;
  t: (key: Key, values?: Values) => string;
  /** A word of a closed list, or the code itself where the list does not know it (yet). */
  term: (list: TermList, code: string) => string;
}

export type TermList = "event" | "reading" | "room" | "reason" | "profile" | "need" | "source" | "entry" | "skill" | "clock_source";

export function useTexts(): Texts {
  const { i18n } = useTranslation();
  const language: Language = i18n.language === "en" ? "en" : "zh";
  const t = useCallback((key: Key, values?: Values) => i18n.t(key, { ...values }), [i18n]);
  const term = useCallback((list: TermList, code: string) => wordFor(language, list, code), [language]);
  return { language, t, term };
}

function wordFor(language: Language, list: TermList, code: string): string {
  const words: Readonly<Record<string, string>> = RESOURCES[language];
  return words[`${list}.${code}`] ?? code;
}
