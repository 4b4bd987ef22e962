/** A screen that cannot be drawn (its code did not arrive, or is wrong) says so: nobody may watch an empty page. */
import { Component, type ReactElement, type ReactNode } from "react";

import { useTexts } from "../texts/texts";

function Broken(): ReactElement {
  const { t } = useTexts();
  return (
    <main className="plain-page" role="alert">
      <p>{t("app.broken")}</p>
      <button type="button" className="primary big" onClick={() => window.location.reload()}>
        {t("app.reopen")}
      </button>
    </main>
  );
}

export class Boundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    return this.state.broken ? <Broken /> : this.props.children;
  }
}
