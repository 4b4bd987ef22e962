/** The two switches that every screen has: its language and its look. */
import type { ReactElement } from "react";

import { useSeat } from "../desk/context";
import { switchLanguage, useTexts } from "../texts/texts";
import { useTheme } from "./theme";

/** To the other language, named in that language. */
export function LanguageSwitch(): ReactElement {
  const { t, language } = useTexts();
  const other = language === "zh" ? "en" : "zh";
  return (
    <button
      type="button"
      className="plain"
      lang={other === "zh" ? "zh-CN" : "en"}
      title={t("top.other_language_name")}
      onClick={() => switchLanguage(other)}
    >
      {t("top.other_language")}
    </button>
  );
}

/** By the night hours, day, night: one step a click. */
export function ThemeSwitch(): ReactElement {
  const { t } = useTexts();
  const { config } = useSeat();
  const { theme, next } = useTheme(config.night, config.time_zone);
  return (
    <button type="button" className="plain" title={t("top.theme_hint")} onClick={next}>
      {t(`top.theme.${theme}`)}
    </button>
  );
}
