import type { ReactElement } from "react";

import type { CaseDetail } from "../api/client";
import { Panel } from "../look/Panel";
import { distance } from "../map/words";
import { useTexts } from "../texts/texts";
import { phoneNumber } from "../time/format";
import { CallButtons, Tried } from "./CallButtons";
import { isCalled, type Callee } from "./calls";
import { Needs } from "./Needs";
import { Group } from "./Group";
import type { Calls } from "./useCall";
import "./contacts.css";

interface ContactProps {
  position: number;
  callee: Callee;
  detail: CaseDetail;
  calls: Calls;
  next: boolean;
  mine: boolean;
}

function Contact({ position, callee, detail, calls, next, mine }: ContactProps): ReactElement {
  const { t } = useTexts();
  return (
    <li data-calling={isCalled(calls.call, detail.id, callee) || undefined}>
      <span className="position">{position}</span>
      <div className="reach">
        <span className="contact-who">
          <b>{callee.name}</b> {callee.relation}
          {callee.distanceM !== null && ` · ${callee.distanceM === 0 ? t("contacts.same_home") : distance(callee.distanceM, t)}`}
          {callee.distance !== "" && ` · ${callee.distance}`}
          {callee.hasKey && <span className="tag tag-strong">{t("contacts.has_key")}</span>}
        </span>
        <span className="phone">{callee.phones.map(phoneNumber).join(" / ")}</span>
        <Tried callee={callee} timeline={detail.timeline} />
      </div>
      <span className="call">{mine && <CallButtons caseId={detail.id} callee={callee} calls={calls} next={next} />}</span>
    </li>
  );
}

interface ContactsProps {
  detail: CaseDetail;
  callees: readonly Callee[];
  next: Callee | undefined;
  calls: Calls;
  mine: boolean;
}

/** Whom to call, in order, the next one to try with the only dark button; then how to talk with the elder. */
export function Contacts({ detail, callees, next, calls, mine }: ContactsProps): ReactElement {
  const { t } = useTexts();
  if (detail.children > 0) return <Group detail={detail} />;
  return (
    <Panel name="contacts" title={t("contacts.title")} aside={mine ? t("contacts.hint") : undefined}>
      {callees.length === 0 && <p className="label">{t("contacts.none")}</p>}
      <ol className="contact-list">
        {callees.map((callee, index) => (
          <Contact
            key={callee.key}
            position={index + 1}
            callee={callee}
            detail={detail}
            calls={calls}
            next={callee === next}
            mine={mine}
          />
        ))}
      </ol>
      <Needs detail={detail} />
    </Panel>
  );
}
