import { useEffect, useState, type FormEvent, type ReactElement } from "react";

import { answered, api, ApiError, rememberCsrf, type SessionInfo } from "../api/client";
import { queries } from "../api/queries";
import { armSound, warnOfSignOut } from "../desk/sounds";
import { phoneOf, type Phone } from "../phone/shell";
import { LanguageSwitch } from "../look/Switches";
import { useTexts, type Texts } from "../texts/texts";

function failureText(error: unknown, { t, language }: Texts): string {
  if (!(error instanceof ApiError) || error.status === 0) return t("sign_in.unreachable");
  if (error.status === 401) return t("sign_in.wrong");
  if (error.status === 429) return t("sign_in.locked", { seconds: error.problem?.retry_after_s ?? 300 });
  const detail = language === "zh" ? error.problem?.detail_zh : error.problem?.detail;
  return detail ?? t("sign_in.unreachable");
}

interface Form {
  busy: boolean;
  failure: string;
  submit: (event: FormEvent<HTMLFormElement>) => void;
}

/** The click that signs in at a desk is also the gesture that arms the loudspeaker. */
function useForm(texts: Texts, phone: Phone | null, signedIn: (session: SessionInfo) => void): Form {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (phone === null) void armSound();
    const fields = new FormData(event.currentTarget);
    const body = { username: String(fields.get("username")), password: String(fields.get("password")) };
    setBusy(true);
    answered(api.POST("/api/v1/session", { body }))
      .then(
        (session) => {
          rememberCsrf(session.csrf_token);
          signedIn(session);
          queries.setQueryData(["session"], session);
        },
        (error: unknown) => setFailure(failureText(error, texts)),
      )
      .finally(() => setBusy(false));
  };
  return { busy, failure, submit };
}

interface SignInProps {
  expired: boolean;
  /** Before the first page is shown. */
  signedIn: (session: SessionInfo) => void;
}

export function SignIn({ expired, signedIn }: SignInProps): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const phone = phoneOf(window.location.pathname);
  const { busy, failure, submit } = useForm(texts, phone, signedIn);
  const lost = expired && window.location.pathname === "/";
  useEffect(() => (lost ? warnOfSignOut() : undefined), [lost]);
  return (
    <main className="sign-in">
      <form className="panel" onSubmit={submit}>
        <header>
          <h1>{t("app.title")}</h1>
          <LanguageSwitch />
        </header>
        <h2>{t(phone === null ? "sign_in.title" : `sign_in.${phone}_title`)}</h2>
        {expired && failure === "" && <p className="late">{t(lost ? "sign_in.expired_desk" : "sign_in.expired")}</p>}
        <label>
          {t("sign_in.username")}
          <input name="username" autoComplete="username" required autoFocus maxLength={100} />
        </label>
        <label>
          {t("sign_in.password")}
          <input name="password" type="password" autoComplete="current-password" required maxLength={1024} />
        </label>
        <p className="failure" role="alert">
          {failure}
        </p>
        <button type="submit" className="primary big" disabled={busy}>
          {t(busy ? "sign_in.busy" : phone === null ? "sign_in.submit" : "sign_in.plain_submit")}
        </button>
        {phone === null && (
          <>
            <p className="label">{t("sign_in.sound_note")}</p>
            <nav className="sign-in-others">
              <a href="/family">{t("sign_in.family_title")}</a>
              <a href="/go">{t("sign_in.responder_title")}</a>
              <a href="/tech">{t("sign_in.technician_title")}</a>
            </nav>
          </>
        )}
      </form>
    </main>
  );
}
