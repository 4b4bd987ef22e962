/** One dispatch: what, who, where in the largest type, how to get there. */
import type { ReactElement } from "react";

import { useDesk } from "../desk/state";
import { Mark } from "../look/Mark";
import { amapLink, geoLink } from "../phone/mapLink";
import { gravestFirst, useTexts } from "../texts/texts";
import { instant, span } from "../time/format";
import type { Dispatch } from "./reading";

function AnswerBy({ item }: { item: Dispatch }): ReactElement | null {
  const { t } = useTexts();
  const nowMs = useDesk((state) => state.nowMs);
  const due = instant(item.answer_due_at);
  if (item.state === "no_answer") return <p>{t("go.answer_late")}</p>;
  if (item.state !== "offered" || nowMs === null || due === null) return null;
  return <p role="timer">{due > nowMs ? t("go.answer_in", { span: span(due - nowMs) }) : t("go.answer_late")}</p>;
}

export function Job({ item }: { item: Dispatch }): ReactElement {
  const { t, term } = useTexts();
  const kinds = gravestFirst(item.kinds)
    .map((kind) => term("event", kind))
    .join(" + ");
  const { lat, lon } = item;
  const place = lat === null || lon === null ? null : { lat, lon, name: item.place ?? "" };
  return (
    <article data-dispatch={item.state}>
      <p className="go-what">
        <Mark priority={item.priority} flashing={item.state === "offered" || item.state === "no_answer"} />
        <b>{kinds}</b>
        <span className="tag">{t(`go.state.${item.state as "offered" | "no_answer" | "accepted" | "arrived"}`)}</span>
      </p>
      <AnswerBy item={item} />
      {item.fire_suspected && (
        <p className="go-fire" role="alert">
          {t("go.fire")}
        </p>
      )}
      <p className="go-who">
        {item.resident_name}
        {item.incident_room !== null && ` · ${term("room", item.incident_room)}`}
      </p>
      <p className="go-place">{item.place ?? "—"}</p>
      {place !== null && (
        <div className="phone-pair">
          <a className="phone-button" href={amapLink(place)} target="_blank" rel="noreferrer">
            {t("go.navigate")}
          </a>
          <a className="phone-button" href={geoLink(place)}>
            {t("go.other_map")}
          </a>
        </div>
      )}
    </article>
  );
}
