import type { ReactElement } from "react";
import { Link } from "react-router";

import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { LanguageSwitch, ThemeSwitch } from "../look/Switches";
import { signOut } from "../signin/signOut";
import { useTexts } from "../texts/texts";
import { timeOfDay } from "../time/format";

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
  const { t } = useTexts();
  const { user, config } = useSeat();
  const now = useDesk((state) => state.nowMs);
  return (
    <header className="wall-top">
      <h1>{t("wall.title")}</h1>
      <Line stale={stale} />
      <div className="wall-buttons">
        {user.role !== "official" && user.role !== "wall" && (
          <Link className="plain link-like" to={user.role === "supervisor" ? "/supervisor" : "/"}>
            {t("chief.back")}
          </Link>
        )}
        {user.role === "wall" ? (
          <span className="seat">{user.name}</span>
        ) : (
          <button type="button" className="plain" onClick={signOut}>
            {t("wall.sign_out")}
          </button>
        )}
        <ThemeSwitch />
        <LanguageSwitch />
      </div>
      <span className="wall-time" role="timer" aria-label={t("top.clock")}>
        {now === null ? "--:--:--" : timeOfDay(now, config.time_zone)}
      </span>
    </header>
  );
}
