/** What both phones have around their page: title, line, settings; and the notice when what is shown is old. */
import { useEffect, type ReactElement, type ReactNode } from "react";

import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { LanguageSwitch, ThemeSwitch } from "../look/Switches";
import { signOut } from "../signin/signOut";
import { useTexts } from "../texts/texts";
import { timeOfDay } from "../time/format";
import { rememberDeskPhone } from "./shell";
import "./phone.css";

function Menu(): ReactElement {
  const { t } = useTexts();
  return (
    <details className="phone-menu">
      <summary>{t("phone.menu")}</summary>
      <div>
        <LanguageSwitch />
        <ThemeSwitch />
        <button type="button" className="plain" onClick={signOut}>
          {t("phone.sign_out")}
        </button>
      </div>
    </details>
  );
}

interface FrameProps {
  title: string;
  /** What the browser's tab is called. */
  name: string;
  /** When the server said what is shown, ms UTC; null before it did. */
  shownAtMs: number | null;
  /** True where reading it anew has failed. */
  failed: boolean;
  aside?: ReactNode;
  foot?: ReactNode;
  children: ReactNode;
}

export function Frame({ title, name, shownAtMs, failed, aside, foot, children }: FrameProps): ReactElement {
  const { t, language } = useTexts();
  const { config } = useSeat();
  const link = useDesk((state) => state.link);
  const old = link === "stale" || failed;
  useEffect(() => {
    document.title = name;
  }, [name, language]);
  useEffect(() => rememberDeskPhone(config.desk_phone), [config.desk_phone]);
  return (
    <main className="phone" data-stale={old || undefined}>
      <header className="phone-top">
        <h1>{title}</h1>
        <span className="link" data-link={old ? "stale" : link}>
          {t(old ? "top.connecting" : link === "live" ? "top.live" : "top.connecting")}
        </span>
        {aside}
        <Menu />
      </header>
      {old && (
        <div className="phone-lost" role="alert">
          <b>
            {shownAtMs === null
              ? t("phone.lost_never")
              : t("phone.lost", { time: timeOfDay(shownAtMs, config.time_zone) })}
          </b>
          <span>{t("phone.lost_note")}</span>
        </div>
      )}
      <div className="phone-body" tabIndex={0} role="group" aria-label={title}>
        {children}
      </div>
      {foot}
    </main>
  );
}
