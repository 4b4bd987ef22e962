import type { ReactElement } from "react";

import { useTexts, type Key } from "../texts/texts";
import { figureText } from "./numbers";
import type { WallFigures } from "./useWall";

type Figure = WallFigures["figures"][number];

const SHOWN: readonly string[] = [
  "answer_15s_acted",
  "p1_seen_60s",
  "answer_p50_s",
  "dispatch_60s",
  "arrival_promised",
  "load_per_hour",
  "cases_all",
];

function target(figure: Figure, t: (key: Key, values?: Record<string, string>) => string): string {
  if (figure.value === null) return t("wall.nothing_counted");
  const text = figureText(figure.target, figure.unit);
  if (text === null || figure.compare === null) return t("wall.no_target");
  return t(`wall.target.${figure.compare}`, { value: text });
}

function Cell({ figure }: { figure: Figure }): ReactElement {
  const { t } = useTexts();
  const outside = figure.kept === false;
  return (
    <div className="wall-figure" data-outside={outside || undefined}>
      <dt>{t(`figure.${figure.figure}` as Key)}</dt>
      <dd>
        <strong>{figureText(figure.value, figure.unit) ?? t("none")}</strong>
        <small>
          {target(figure, t)}
          {outside && ` · ${t("wall.outside")}`}
        </small>
      </dd>
    </div>
  );
}

interface FiguresProps {
  figures: WallFigures | null;
  away: number;
  gateways: number;
}

/** Today's figures, each with its target in small type; yellow only where the target is missed. */
export function Figures({ figures, away, gateways }: FiguresProps): ReactElement {
  const { t } = useTexts();
  const known = new Map((figures?.figures ?? []).map((figure) => [figure.figure, figure]));
  return (
    <section className="wall-figures panel" aria-label={t("wall.figures")}>
      {figures === null && <p className="wall-more">{t("wall.no_figures")}</p>}
      <dl>
        {SHOWN.map((name) => {
          const figure = known.get(name);
          return figure === undefined ? null : <Cell key={name} figure={figure} />;
        })}
        <div className="wall-figure">
          <dt>{t("wall.offline")}</dt>
          <dd>
            <strong>{away}</strong>
            <small>/ {gateways.toLocaleString("en-US")}</small>
          </dd>
        </div>
      </dl>
    </section>
  );
}
