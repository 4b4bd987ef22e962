import { useEffect, useMemo, type ReactElement } from "react";

import { sessionWasLost, type SessionInfo } from "./api/client";
import { queries, useSession, useUiConfig, type UiConfig } from "./api/queries";
import { SeatContext, type Seat } from "./desk/context";
import { Desk } from "./desk/Desk";
import { SignIn } from "./signin/SignIn";
import { useTexts } from "./texts/texts";

const ACTING = new Set(["operator", "supervisor"]);
const READING = new Set([...ACTING, "admin"]);
const RETRY_MS = 3_000;

function SignedIn({ session, config }: { session: SessionInfo; config: UiConfig }): ReactElement {
  const { t } = useTexts();
  const seat = useMemo<Seat>(
    () => ({ user: session.user, config, mayAct: ACTING.has(session.user.role) }),
    [session.user, config],
  );
  if (!READING.has(session.user.role)) return <p className="plain-page">{t("app.not_for_role")}</p>;
  return (
    <SeatContext value={seat}>
      <Desk key={session.seat_id} />
    </SeatContext>
  );
}

/** Nobody signed in: the sign-in page; else the desk. A server that does not answer is said and asked again. */
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
    return (
      <p className="plain-page" role="alert">
        {t("app.unreachable")}
      </p>
    );
  }
  if (session.data === null) return <SignIn expired={sessionWasLost()} />;
  if (session.data === undefined || config.data === undefined) return <p className="plain-page">{t("app.loading")}</p>;
  return <SignedIn session={session.data} config={config.data} />;
}
