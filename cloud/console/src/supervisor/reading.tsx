/** What the supervisor's pages share: a reading that says when it fails, a field with its mistake beside it. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { ReactElement, ReactNode } from "react";

import { ApiError } from "../api/client";
import { useDesk } from "../desk/state";
import { inLanguage, textNow, useTexts } from "../texts/texts";

/** A refusal in the language of the moment. */
export function detailOf(error: unknown): string {
  if (!(error instanceof ApiError) || error.status === 0) return textNow("notice.lost_answer");
  if (error.problem === null) return `HTTP ${error.status}`;
  return inLanguage(error.problem.detail_zh, error.problem.detail);
}

/** The server's time of the last tick; before the first contact the browser's. */
export function serverNow(): number {
  return useDesk.getState().nowMs ?? Date.now();
}

/** Reads something of the supervisor's pages, again each `everyS` seconds where given. */
export function useChief<T>(key: readonly unknown[], read: () => Promise<T>, everyS?: number): UseQueryResult<T> {
  return useQuery({
    queryKey: ["chief", ...key],
    queryFn: read,
    ...(everyS === undefined ? {} : { refetchInterval: everyS * 1000 }),
  });
}

/** Shows what was read; before that, or when it cannot be read, says so. */
export function Read<T>({ of, children }: { of: UseQueryResult<T>; children: (value: T) => ReactNode }): ReactElement {
  const { t } = useTexts();
  if (of.data !== undefined) {
    return (
      <>
        {of.isError && <p className="chief-failure">{t("chief.unread", { detail: detailOf(of.error) })}</p>}
        {children(of.data)}
      </>
    );
  }
  if (of.isError) return <p className="chief-failure">{t("chief.unread", { detail: detailOf(of.error) })}</p>;
  return <p className="label">{t("chief.loading")}</p>;
}

interface FieldProps {
  label: string;
  mistake?: string | undefined;
  children: ReactNode;
}

/** A labelled control; what is wrong with it stands beside it. */
export function Field({ label, mistake, children }: FieldProps): ReactElement {
  return (
    <label className="field">
      <span className="label">{label}</span>
      {children}
      {mistake !== undefined && <span className="mistake">{mistake}</span>}
    </label>
  );
}

const NO_MARKS: readonly number[] = [];

/** A grey bar of `value` of `most`, with lines at `marks`. Its number always stands beside it. */
export function Bar({ value, most, marks = NO_MARKS }: { value: number; most: number; marks?: readonly number[] }): ReactElement {
  const share = (part: number): string => `${Math.min(100, Math.max(0, (100 * part) / most))}%`;
  return (
    <span className="meter" aria-hidden="true">
      <span style={{ width: share(value) }} />
      {marks.map((mark) => (
        <i key={mark} style={{ left: share(mark) }} />
      ))}
    </span>
  );
}
