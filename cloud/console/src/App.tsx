import { Suspense, useEffect, useMemo, type ReactElement } from "react";
import { BrowserRouter, Navigate, Route, Routes } from "react-router";

import { sessionWasLost, type SessionInfo } from "./api/client";
import { queries, useSession, useUiConfig, type UiConfig } from "./api/queries";
import { SeatContext, type Seat } from "./desk/context";
import { forgetOthers } from "./desk/kept";
import { Boundary } from "./look/Boundary";
import { startPhone } from "./phone/shell";
import { Unreachable } from "./phone/Unreachable";
import { homeOf, SCREENS, type Screen } from "./screens";
import { SignIn } from "./signin/SignIn";
import { signOut } from "./signin/signOut";
import { useTexts } from "./texts/texts";

const ACTING = new Set(["operator", "supervisor"]);
const RETRY_MS = 3_000;

/** Whoever signed in at the front door goes on to his own page. */
function goHome({ user }: SessionInfo): void {
  const home = homeOf(user.role);
  if (window.location.pathname === "/" && home !== undefined) window.history.replaceState(null, "", home.path);
  startPhone();
}

function SignedIn({ session, config }: { session: SessionInfo; config: UiConfig }): ReactElement {
  const { t } = useTexts();
  const seat = useMemo<Seat>(
    () => ({ user: session.user, config, mayAct: ACTING.has(session.user.role) }),
    [session.user, config],
  );
  useEffect(() => {
    forgetOthers(session.user.id);
  }, [session.user.id]);
  const home = homeOf(session.user.role);
  if (home === undefined) return <NoScreen />;
  return (
    <SeatContext value={seat}>
      <Boundary>
        <Suspense fallback={<p className="plain-page">{t("app.loading")}</p>}>
          <BrowserRouter key={session.seat_id}>
            <Routes>
              {SCREENS.map((screen) => {
                const { path, roles, Page } = screen;
                const his = roles.includes(session.user.role);
                if (path === "/") return his && <Route key={path} path={path} element={<Page />} />;
                return <Route key={path} path={`${path}/*`} element={his ? <Page /> : <NotYours screen={screen} home={home.path} />} />;
              })}
              <Route path="*" element={<Home path={home.path} />} />
            </Routes>
          </BrowserRouter>
        </Suspense>
      </Boundary>
    </SeatContext>
  );
}

/** Somebody whose work is not in the browser: said, with the way out. */
function NoScreen(): ReactElement {
  const { t } = useTexts();
  return (
    <main className="plain-page">
      <p>{t("app.not_for_role")}</p>
      <button type="button" className="plain big" onClick={signOut}>
        {t("top.sign_out")}
      </button>
    </main>
  );
}

/** Somebody else's page: whose it is, the way to one's own, and the way out for whoever came to sign in here. */
function NotYours({ screen, home }: { screen: Screen; home: string }): ReactElement {
  const { t } = useTexts();
  const people = screen.roles.filter((role) => role !== "wall");
  const whose = people.map((role) => t(`role.${role}`)).join(t("and"));
  return (
    <main className="plain-page not-yours">
      <h1>{t("app.title")}</h1>
      <p role="alert">{t("app.not_yours", { whose })}</p>
      <a className="link-like" href={home}>
        {t("app.to_yours")}
      </a>
      <button type="button" className="plain big" onClick={signOut}>
        {t("top.sign_out")}
      </button>
    </main>
  );
}

/** An address that is nobody's, or the front door of who begins elsewhere: his own page, which may be a phone's. */
function Home({ path }: { path: string }): ReactElement {
  useEffect(startPhone, []);
  return <Navigate to={path} replace />;
}

/** Nobody signed in: the sign-in page; else the screen of the address, or the first one of his role. A server that does not answer is said and asked again. */
export function App(): ReactElement {
  const { t } = useTexts();
  const session = useSession();
  const config = useUiConfig();
  const unreachable = session.isError && session.data === undefined;
  useEffect(() => {
    if (!unreachable) return undefined;
    const timer = setInterval(() => void queries.refetchQueries({ queryKey: ["session"] }), RETRY_MS);
    return () => clearInterval(timer);
  }, [unreachable]);
  if (unreachable) {
    return <Unreachable />;
  }
  if (session.data === null) return <SignIn expired={sessionWasLost()} signedIn={goHome} />;
  if (session.data === undefined || config.data === undefined) return <p className="plain-page">{t("app.loading")}</p>;
  return <SignedIn session={session.data} config={config.data} />;
}
