/** Why it rings, in words: the rules' reasons without what the title says already. Pure. */
import type { CaseDetail } from "../api/client";
import type { Texts } from "../texts/texts";

const SAID_BY_TITLE = /_(raised|suspected|updated|cleared|cancelled|restored)$/;

/** The words of an alarm's reasons; a code that is the alarm's own kind and phase says nothing new. */
export function reasonWords(kind: string, reasons: readonly string[], { term }: Texts): string[] {
  return reasons
    .filter((reason) => reason !== kind && !(SAID_BY_TITLE.test(reason) && /^[a-z_]+$/.test(reason)))
    .map((reason) => term("reason", reason));
}

/** All reasons of a case, each once. */
export function reasonsOf(detail: CaseDetail | undefined, texts: Texts): string[] {
  const words = (detail?.alarms ?? []).flatMap((alarm) => reasonWords(alarm.kind, alarm.reasons, texts));
  return [...new Set(words)];
}
