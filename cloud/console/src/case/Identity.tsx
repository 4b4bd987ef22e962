import { useState, type ReactElement } from "react";

import type { CaseDetail, CaseSummary } from "../api/client";
import { showDoorCode } from "../api/commands";
import { queries } from "../api/queries";
import { explain } from "../desk/actions";
import { useSeat } from "../desk/context";
import { tell } from "../desk/state";
import { isOurs, nameOf, personOf } from "../queue/wording";
import { useTexts } from "../texts/texts";
import { phoneNumber } from "../time/format";
import { CallButtons, Outcomes, Tried } from "./CallButtons";
import type { Callee } from "./calls";
import { profileFacts } from "./facts";
import type { Calls } from "./useCall";
import "./identity.css";

/** The code stays masked until a click, which the server writes down; it is masked again with the next case. */
function DoorCode({ id }: { id: string }): ReactElement {
  const { t } = useTexts();
  const { mayAct } = useSeat();
  const [code, setCode] = useState<string | null>(null);
  const show = (): void => {
    showDoorCode(id).then(
      (shown) => {
        setCode(shown);
        void queries.invalidateQueries({ queryKey: ["case", id] });
      },
      (error: unknown) => tell(explain(error)),
    );
  };
  return (
    <span className="door-code">
      {t("access.code")} <b>{code ?? t("access.masked")}</b>
      {mayAct && (
        <button type="button" className="plain" title={t("access.show_hint")} onClick={code === null ? show : () => setCode(null)}>
          {t(code === null ? "access.show" : "access.hide")}
        </button>
      )}
    </span>
  );
}

function Access({ detail }: { detail: CaseDetail | undefined }): ReactElement {
  const { t } = useTexts();
  const access = detail?.access;
  const nothing = access !== undefined && access.note === "" && !access.has_door_code;
  return (
    <p className="access">
      <span className="label">{t("access.title")}</span>
      {access?.has_door_code === true && <DoorCode key={detail?.id} id={detail?.id ?? ""} />}
      <span>{access === undefined ? t("app.loading") : nothing ? t("access.none") : access.note}</span>
    </p>
  );
}

/** Area small, the rest down to the door in the largest type. */
function Address({ item }: { item: CaseSummary }): ReactElement | null {
  const { t } = useTexts();
  const place = item.place;
  if (place === null) return isOurs(item) ? null : <p className="address">{t("case.unknown_place")}</p>;
  const door = `${place.building}${place.unit}${place.room}`;
  const exact = [place.compound, door].filter((part) => part !== "").join(" ");
  const rest = exact === "" ? "" : place.text.split(place.compound || door)[0]?.trim();
  return (
    <p className="address">
      {rest} <b>{exact === "" ? place.text : exact}</b>
    </p>
  );
}

const RISKS_SHOWN = 3;

/** A risk is a text, or a record with a name; drug or allergy first and bold. */
function riskText(risk: unknown): string {
  if (typeof risk === "string") return risk;
  if (typeof risk !== "object" || risk === null) return String(risk);
  return Object.values(risk)
    .filter((part) => typeof part === "string")
    .join(" ");
}

function Risks({ risks }: { risks: readonly unknown[] }): ReactElement {
  const { t } = useTexts();
  const texts = risks.map(riskText);
  const shown = texts.slice(0, RISKS_SHOWN);
  return (
    <section className="risks" aria-label={t("risks.title")}>
      <h3>{t("risks.title")}</h3>
      {shown.length === 0 && <p className="label">{t("risks.none")}</p>}
      {shown.map((risk, index) => {
        const [first, ...rest] = risk.split(" ");
        const more = index === RISKS_SHOWN - 1 && texts.length > RISKS_SHOWN ? ` · +${texts.length - RISKS_SHOWN}` : "";
        return (
          <p key={risk} title={texts.slice(RISKS_SHOWN).join(" · ") || undefined}>
            <b>{first}</b> {rest.join(" ")}
            {more}
          </p>
        );
      })}
    </section>
  );
}

/** Why the elder's telephones are not known: that there are none is another thing. */
export type Unread = "reading" | "failed" | null;

export interface ElderCall {
  caseId: string;
  elder: Callee;
  unread: Unread;
  calls: Calls;
  next: boolean;
  mine: boolean;
}

/** The elder's own telephone, and whether somebody is talking on it. */
function OwnPhone({ caseId, elder, unread, calls, next, mine, detail }: ElderCall & { detail: CaseDetail | undefined }): ReactElement {
  const { t } = useTexts();
  return (
    <section className="own-phone" aria-label={t("phone.own")}>
      <h3>
        {t("phone.own")} {detail !== undefined && <Tried callee={elder} timeline={detail.timeline} />}
      </h3>
      {elder.phones.map((phone) => (
        <p key={phone} className="phone">
          {phoneNumber(phone)}
        </p>
      ))}
      {elder.phones.length === 0 && <p className="label">{t(unread === null ? "phone.none" : `phone.${unread}`)}</p>}
      {mine && elder.phones.length > 0 && (
        <p className="call">
          <CallButtons caseId={caseId} callee={elder} calls={calls} next={next} />
        </p>
      )}
      {mine && detail !== undefined && <Outcomes elder={elder} timeline={detail.timeline} calls={calls} />}
    </section>
  );
}

interface IdentityProps {
  item: CaseSummary;
  detail: CaseDetail | undefined;
  call: ElderCall;
}

/** Who, where and how to get in, what could kill, how to reach. */
export function Identity({ item, detail, call }: IdentityProps): ReactElement {
  const texts = useTexts();
  const facts = profileFacts(detail?.profile ?? {}, texts).filter((fact) => fact.leading);
  return (
    <section className="identity panel">
      <div className="who">
        <p className="person">
          <b>{nameOf(item, texts)}</b>{" "}
          {[personOf(item, texts), ...facts.map((fact) => fact.value)].filter((part) => part !== "").join(" · ")}
        </p>
        <Address item={item} />
        {!isOurs(item) && <Access detail={detail} />}
      </div>
      {item.resident !== null && detail !== undefined && <Risks risks={detail.risks} />}
      {item.resident !== null && <OwnPhone {...call} detail={detail} />}
    </section>
  );
}
