import type { ReactElement } from "react";
import { Link } from "react-router";

import { answered, api, rememberCsrf } from "../api/client";
import { queries } from "../api/queries";
import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { useTheme } from "../look/theme";
import { switchLanguage, useTexts } from "../texts/texts";
import { timeOfDay } from "../time/format";

function leave(): void {
  rememberCsrf("");
  queries.setQueryData(["session"], null);
}

function Line({ stale }: { stale: boolean }): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const link = useDesk((state) => state.link);
  const heard = useDesk((state) => state.heardMs);
  const shown = stale ? "stale" : link;
  return (
    <span className="link" role="status" data-link={shown}>
      {shown === "live" && `● ${t("top.live")}`}
      {shown === "connecting" && `○ ${t("top.connecting")}`}
      {shown === "stale" && (heard === null ? t("top.stale_never") : t("top.stale", { time: timeOfDay(heard, zone) }))}
    </span>
  );
}

/** Title, the line's state, quiet buttons, the server's time in large type. */
export function WallTop({ stale }: { stale: boolean }): ReactElement {
  const { t, language } = useTexts();
  const { user, config } = useSeat();
  const { theme, next } = useTheme(config.night, config.time_zone);
  const now = useDesk((state) => state.nowMs);
  const other = language === "zh" ? "en" : "zh";
  return (
    <header className="wall-top">
      <h1>{t("wall.title")}</h1>
      <Line stale={stale} />
      <div className="wall-buttons">
        {user.role !== "official" && (
          <Link className="plain link-like" to={user.role === "supervisor" ? "/supervisor" : "/"}>
            {t("chief.back")}
          </Link>
        )}
        <button type="button" className="plain" onClick={() => answered(api.DELETE("/api/v1/session")).then(leave, leave)}>
          {t("wall.sign_out")}
        </button>
        <button type="button" className="plain" title={t("top.theme_hint")} onClick={next}>
          {t(`top.theme.${theme}`)}
        </button>
        <button
          type="button"
          className="plain"
          lang={other === "zh" ? "zh-CN" : "en"}
          title={t("top.other_language_name")}
          onClick={() => switchLanguage(other)}
        >
          {t("top.other_language")}
        </button>
      </div>
      <span className="wall-time" role="timer" aria-label={t("top.clock")}>
        {now === null ? "--:--:--" : timeOfDay(now, config.time_zone)}
      </span>
    </header>
  );
}
