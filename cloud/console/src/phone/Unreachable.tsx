import type { ReactElement } from "react";

import { useTexts } from "../texts/texts";
import { knownDeskPhone, phoneOf } from "./shell";
import "./phone.css";

/** No answer from the server. On a phone: that there is no network, and the number that helps without it. */
export function Unreachable(): ReactElement {
  const { t } = useTexts();
  const phone = phoneOf(window.location.pathname);
  const desk = knownDeskPhone();
  if (phone === null) {
    return (
      <p className="plain-page" role="alert">
        {t("app.unreachable")}
      </p>
    );
  }
  return (
    <main className="phone" data-offline>
      <div className="phone-body">
        <p className="phone-lost" role="alert">
          {t("phone.offline")}
        </p>
        {desk !== null && (
          <a className="phone-button primary" href={`tel:${desk}`}>
            {t("phone.call_desk", { phone: desk })}
          </a>
        )}
      </div>
    </main>
  );
}
