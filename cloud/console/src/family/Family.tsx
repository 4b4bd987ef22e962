/** The family's page: one living thread, two telephones, then now, last night, contacts, devices, who looked. */
import { useState, type ReactElement } from "react";

import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { Frame } from "../phone/Frame";
import { usePhoneLine } from "../phone/usePhoneLine";
import { useTexts } from "../texts/texts";
import { instant } from "../time/format";
import { readAnew, readSnapshot, useElders, usePage, type FamilyPage } from "./reading";
import { Place } from "./Place";
import { Contacts, Devices, LastNight, Looks, Now } from "./sections";
import { Past, Thread } from "./Thread";
import { callName } from "./words";
import "./family.css";

const FRESH_MS = 24 * 3_600_000;

function Telephones({ page }: { page: FamilyPage }): ReactElement {
  const { t } = useTexts();
  const desk = useSeat().config.desk_phone;
  const name = callName(page.elder);
  const [own] = page.phones;
  return (
    <div className={own === undefined ? undefined : "phone-pair"}>
      <a className="phone-button primary" href={`tel:${desk}`}>
        {t("phone.call_desk", { phone: desk })}
      </a>
      {own !== undefined && (
        <a className="phone-button" href={`tel:${own}`}>
          {name === null ? t("family.call_self") : t("family.call_them", { who: t(name) })}
        </a>
      )}
    </div>
  );
}

function Living({ page }: { page: FamilyPage }): ReactElement {
  const { t } = useTexts();
  const atMs = instant(page.at) ?? 0;
  const nowMs = useDesk((state) => state.nowMs) ?? atMs;
  const shown = page.cases.filter(
    (item) => item.stage !== "over" || nowMs - (instant(item.over_at) ?? 0) < FRESH_MS,
  );
  const going = shown.filter((item) => item.stage !== "over");
  const threads = going.length > 0 ? going : shown.slice(0, 1);
  const past = page.cases.filter((item) => !threads.includes(item));
  return (
    <>
      {going.length === 0 && (
        <section data-section="quiet">
          <p>{t("family.quiet")}</p>
        </section>
      )}
      {threads.map((item) => (
        <Thread key={item.id} item={item} nowMs={nowMs} />
      ))}
      <Telephones page={page} />
      <Now page={page} nowMs={nowMs} />
      <Place page={page} nowMs={nowMs} />
      <LastNight page={page} nowMs={nowMs} />
      <Past items={past} nowMs={nowMs} />
      <Contacts page={page} nowMs={nowMs} />
      <Devices page={page} nowMs={nowMs} />
      <Looks page={page} nowMs={nowMs} />
    </>
  );
}

function Body({ page }: { page: FamilyPage }): ReactElement {
  const { t } = useTexts();
  if (page.state.state !== "deceased") return <Living page={page} />;
  return (
    <section data-section="ended">
      <p>{t("family.deceased")}</p>
    </section>
  );
}

export function Family(): ReactElement {
  usePhoneLine(readSnapshot, readAnew);
  const { t } = useTexts();
  const elders = useElders();
  const items = elders.data?.items ?? [];
  const [chosen, choose] = useState("");
  const place = Math.max(
    0,
    items.findIndex((one) => one.id === chosen),
  );
  const elder = items[place];
  const page = usePage(elder?.id ?? "");
  const name = elder === undefined ? null : callName(elder);
  const title = elder === undefined ? t("family.title") : `${name === null ? "" : `${t(name)} `}${elder.name}`;
  const next = items[(place + 1) % Math.max(1, items.length)];
  const aside = items.length > 1 && next !== undefined && (
    <button type="button" className="plain phone-other" onClick={() => choose(next.id)}>
      {t("family.other")}
    </button>
  );
  return (
    <Frame
      title={title}
      name={t("family.title")}
      shownAtMs={instant(page.data?.at)}
      failed={page.isError || elders.isError}
      aside={aside}
    >
      {elders.data !== undefined && elder === undefined && <p className="quiet-note">{t("family.nobody")}</p>}
      {elders.data === undefined && <p className="quiet-note">{t("app.loading")}</p>}
      {page.data !== undefined && page.data.elder.id === elder?.id && <Body page={page.data} />}
    </Frame>
  );
}
