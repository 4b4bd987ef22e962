import type { ReactElement } from "react";

import { useDesk } from "../desk/state";
import { useTexts } from "../texts/texts";
import { span } from "../time/format";
import { bedNow, type BedSpan, type Span } from "./curves";

/** A state that began so long ago is as long as it was looked back. */
const LOOKED_BACK_MS = 24 * 3_600_000;

/** In bed or out of it over the charts' time, and how long the present state has lasted. */
export function BedStrip({ spans, window }: { spans: readonly BedSpan[]; window: Span }): ReactElement {
  const { t } = useTexts();
  const nowMs = useDesk((state) => state.nowMs) ?? window.untilMs;
  const present = bedNow(spans, window);
  const width = window.untilMs - window.sinceMs;
  const place = (ms: number): number => (100 * (Math.min(Math.max(ms, window.sinceMs), window.untilMs) - window.sinceMs)) / width;
  const lasted = present === null ? 0 : Math.max(nowMs, window.untilMs) - present.sinceMs;
  const duration = lasted > LOOKED_BACK_MS ? t("bed.at_least", { span: span(LOOKED_BACK_MS) }) : span(lasted);
  const words = present === null ? t("bed.unknown") : t(present.inBed ? "bed.in" : "bed.out");
  return (
    <div className="bed-strip" role="group" aria-label={t("bed.label")}>
      <p>
        <b>{words}</b> {present !== null && <span>{duration}</span>}
      </p>
      <div className="bed-bar">
        {spans.map((one) => (
          <span
            key={one.sinceMs}
            data-in={one.inBed || undefined}
            style={{ left: `${place(one.sinceMs)}%`, width: `${place(one.untilMs) - place(one.sinceMs)}%` }}
          />
        ))}
      </div>
    </div>
  );
}
