import type { ReactElement } from "react";

import type { CaseDetail } from "../api/client";
import { useChildren } from "../api/deskQueries";
import { openCase } from "../desk/state";
import { Mark } from "../look/Mark";
import { Panel } from "../look/Panel";
import { doorOf, nameOf, titleOf } from "../queue/wording";
import { useTexts } from "../texts/texts";
import { phoneNumber } from "../time/format";

/** What stands behind a line: first whom to call, then every case of it. That the list was looked at is written down. */
export function Group({ detail }: { detail: CaseDetail }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const behind = useChildren(detail.id, detail.children);
  const callees = behind.data?.call_list ?? [];
  return (
    <Panel name="contacts" title={t("group.title", { count: detail.children })}>
      {behind.isError && <p className="label">{t("group.unreadable")}</p>}
      {behind.data !== undefined && (
        <>
          <p>
            <b>{callees.length === 0 ? t("group.no_calls") : t("group.call_list", { count: callees.length })}</b>
          </p>
          <ul className="group-list">
            {callees.map((callee) => (
              <li key={callee.resident_id}>
                <b>{callee.name}</b>
                <span className="phone">{callee.phones.map(phoneNumber).join(" / ") || t("none")}</span>
                <button type="button" className="plain" onClick={() => openCase(callee.case_id)}>
                  {t("group.open")}
                </button>
              </li>
            ))}
          </ul>
          <ul className="group-list">
            {behind.data.items.map((item) => (
              <li key={item.id}>
                <button type="button" className="link-button" onClick={() => openCase(item.id)}>
                  <Mark priority={item.priority} size={16} /> {titleOf(item, texts)} · {nameOf(item, texts)} {doorOf(item)}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}
