import type { ReactElement } from "react";
import { Link } from "react-router";

import type { Groups } from "../queue/order";
import { phaseOf } from "../queue/phase";
import { TopFigures } from "../quiet/Figures";
import { Search } from "../resident/Search";
import { LanguageSwitch, ThemeSwitch } from "../look/Switches";
import { useTexts, type TextKey } from "../texts/texts";
import { instant, span, timeOfDay } from "../time/format";
import { useSeat } from "./context";
import { PhoneControl } from "./Phone";
import { armSound } from "./sounds";
import { useDesk } from "./state";

function Numbers({ groups }: { groups: Groups }): ReactElement {
  const { t } = useTexts();
  const now = useDesk((state) => state.nowMs);
  const listed = useDesk((state) => state.listing === "read");
  const opened = groups.waiting.map((item) => instant(item.opened_at) ?? Number.MAX_SAFE_INTEGER);
  const longest = now === null || opened.length === 0 ? null : now - Math.min(...opened);
  return (
    <dl className="numbers">
      <div>
        <dt>{t("top.waiting")}</dt>
        <dd>{listed ? groups.waiting.length : t("none")}</dd>
      </div>
      <div>
        <dt>{t("top.in_hand")}</dt>
        <dd>{listed ? groups.mine.length + groups.others.length : t("none")}</dd>
      </div>
      <div>
        <dt>{t("top.longest")}</dt>
        <dd>{longest === null ? t("none") : span(longest)}</dd>
      </div>
      <TopFigures />
    </dl>
  );
}

/** Whether what is shown is the present. */
export function LinkState(): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const link = useDesk((state) => state.link);
  const heard = useDesk((state) => state.heardMs);
  return (
    <span className="link" role="status" data-link={link}>
      {link === "live" && <>● {t("top.live")}</>}
      {link === "connecting" && <>○ {t("top.connecting")}</>}
      {link === "stale" &&
        (heard === null ? t("top.stale_never") : t("top.stale", { time: timeOfDay(heard, zone) }))}
    </span>
  );
}

function SoundButton(): ReactElement {
  const { t } = useTexts();
  const armed = useDesk((state) => state.armed);
  return (
    <button
      type="button"
      className={armed ? "plain" : "plain attention"}
      title={t("top.sound_hint")}
      onClick={() => void armSound()}
    >
      {t(armed ? "top.sound_on" : "top.sound_off")}
    </button>
  );
}

export function ServerTime(): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const now = useDesk((state) => state.nowMs);
  return (
    <span className="server-time" role="timer" aria-label={t("top.clock")}>
      {now === null ? "--:--:--" : timeOfDay(now, zone)}
    </span>
  );
}

interface TopBarProps {
  groups: Groups;
  onSignOut: () => void;
}

export function TopBar({ groups, onSignOut }: TopBarProps): ReactElement {
  const { t } = useTexts();
  const { user } = useSeat();
  const holding = groups.mine.some((item) => phaseOf(item) === "held");
  return (
    <header className="top">
      <h1>{t("app.title")}</h1>
      <Numbers groups={groups} />
      <Search />
      <div className="top-right">
        <LinkState />
        {user.role === "supervisor" && (
          <Link className="plain link-like" to="/supervisor">
            {t("chief.link")}
          </Link>
        )}
        <PhoneControl />
        <SoundButton />
        <span className="seat">
          {t(`role.${user.role}` as TextKey)} <b>{user.name}</b>
        </span>
        <button
          type="button"
          className="plain"
          disabled={holding}
          title={holding ? t("top.sign_out_held") : undefined}
          onClick={onSignOut}
        >
          {t("top.sign_out")}
        </button>
        <ThemeSwitch />
        <LanguageSwitch />
        <ServerTime />
      </div>
    </header>
  );
}
