import { useEffect, type ReactElement } from "react";
import { Link, NavLink, Route, Routes, useLocation } from "react-router";

import { queries, useLiveCases } from "../api/queries";
import { useSeat } from "../desk/context";
import { clearDesk, useDesk } from "../desk/state";
import { LinkState, ServerTime } from "../desk/TopBar";
import { useRinging } from "../desk/useRinging";
import { useLiveFeed } from "../live/useLiveFeed";
import { groupCases } from "../queue/order";
import { LanguageSwitch, ThemeSwitch } from "../look/Switches";
import { useTexts } from "../texts/texts";
import { instant, span } from "../time/format";
import { AuditPage } from "./AuditPage";
import { KpiPage } from "./KpiPage";
import { NoticesPage } from "./NoticesPage";
import { PoliciesPage } from "./PoliciesPage";
import { ProtocolsPage } from "./ProtocolsPage";
import { SchedulesPage } from "./SchedulesPage";
import { SeatsPage } from "./SeatsPage";
import "../look/desk.css";
import "./supervisor.css";

const PAGES = [
  { path: "", text: "chief.nav.seats", Page: SeatsPage },
  { path: "policies", text: "chief.nav.policies", Page: PoliciesPage },
  { path: "protocols", text: "chief.nav.protocols", Page: ProtocolsPage },
  { path: "schedules", text: "chief.nav.schedules", Page: SchedulesPage },
  { path: "kpi", text: "chief.nav.kpi", Page: KpiPage },
  { path: "audit", text: "chief.nav.audit", Page: AuditPage },
  { path: "notices", text: "chief.nav.notices", Page: NoticesPage },
] as const;

function Navigation(): ReactElement {
  const { t } = useTexts();
  return (
    <nav className="chief-nav" aria-label={t("chief.nav")}>
      {PAGES.map(({ path, text }) => (
        <NavLink key={path} to={path === "" ? "/supervisor" : `/supervisor/${path}`} end={path === ""}>
          {t(text)}
        </NavLink>
      ))}
    </nav>
  );
}

function Top(): ReactElement {
  const { t } = useTexts();
  const { user } = useSeat();
  return (
    <header className="top">
      <h1>{t("chief.title")}</h1>
      <Navigation />
      <div className="top-right">
        <LinkState />
        <span className="seat">
          <b>{user.name}</b>
        </span>
        <Link className="plain link-like" to="/">
          {t("chief.to_desk")}
        </Link>
        <Link className="plain link-like" to="/wall">
          {t("chief.to_wall")}
        </Link>
        <ThemeSwitch />
        <LanguageSwitch />
        <ServerTime />
      </div>
    </header>
  );
}

/** The page's heading, for those who hear the screen. */
function PageTitle(): ReactElement {
  const { t } = useTexts();
  const [, , path = ""] = useLocation().pathname.split("/");
  const found = PAGES.find((page) => page.path === path) ?? PAGES[0];
  return <h2 className="unseen">{t(found.text)}</h2>;
}

/** First-priority alarms past their limit are said on every page of the supervisor. */
function LateAlarms(): ReactElement | null {
  const { t } = useTexts();
  const { user, config } = useSeat();
  const live = useLiveCases();
  const now = useDesk((state) => state.nowMs);
  if (now === null) return null;
  const waiting = groupCases([...live.values()], user.id, config.limits).waiting;
  const waits = waiting.filter((item) => item.priority === 1).map((item) => now - (instant(item.opened_at) ?? now));
  const late = waits.filter((ms) => ms >= config.limits.p1_claim_s * 1000);
  if (late.length === 0) return null;
  return (
    <section className="interrupt" role="alert" aria-label={t("interrupt.label")}>
      <b aria-live="off">{t("chief.late_p1", { count: late.length, span: span(Math.max(...late)) })}</b>
      <Link className="claim-p1 link-like chief-go" to="/">
        {t("chief.to_desk")}
      </Link>
    </section>
  );
}

/** What was read for the supervisor's pages is forgotten with them; the case that he took over stays open for the desk. */
function forget(): void {
  const openCaseId = useDesk.getState().openCaseId;
  clearDesk();
  useDesk.setState({ openCaseId });
  queries.removeQueries({ queryKey: ["chief"] });
}

/** The supervisor's pages under one quiet line of navigation; the alarms ring here as at the desk. */
export function Supervisor(): ReactElement {
  const { user } = useSeat();
  useLiveFeed();
  useRinging(user.id);
  const { t } = useTexts();
  const stale = useDesk((state) => state.link === "stale");
  // Spans count from the server's time: the clock of this machine may be wrong.
  const timed = useDesk((state) => state.nowMs !== null || state.link === "stale");
  useEffect(() => forget, []);
  return (
    <div className="chief" data-stale={stale || undefined}>
      <Top />
      <LateAlarms />
      <main className="chief-main">
        <PageTitle />
        {timed ? (
          <Routes>
            {PAGES.map(({ path, Page }) => (
              <Route key={path} path={path} element={<Page />} />
            ))}
            <Route path="*" element={<SeatsPage />} />
          </Routes>
        ) : (
          <p className="label">{t("chief.loading")}</p>
        )}
      </main>
    </div>
  );
}
