import type { ReactElement } from "react";

import { answered, api } from "../api/client";
import { useSeat } from "../desk/context";
import { Panel } from "../look/Panel";
import { inLanguage, useTexts } from "../texts/texts";
import { dateAndTime, instant } from "../time/format";
import type { Protocol } from "./protocol";
import { Read, useChief } from "./reading";

const readVersions = async (key: string) =>
  (await answered(api.GET("/api/v1/protocols/{key}", { params: { path: { key }, query: {} } }))).items;

const yearOf = (atMs: number, zone: string): string =>
  new Intl.DateTimeFormat("en", { timeZone: zone, year: "numeric" }).format(atMs);

function Version({ one }: { one: Protocol }): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const at = instant(one.changed_at);
  const words = {
    version: one.version,
    by: one.changed_by === "system" ? t("protocol.system") : one.changed_by,
    at: at === null ? "" : `${yearOf(at, zone)} ${dateAndTime(at, zone)}`,
  };
  return (
    <details className="old-version">
      <summary>{t("protocol.version_of", words)}</summary>
      <p>
        <b>{one.name_zh}</b> <span lang="en">{one.name_en}</span>
      </p>
      <ol>
        {one.steps.map((step, place) => (
          // A version never changes: the place of a step is its name.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={place}>
            <span lang="zh-CN">{step.text_zh}</span>
            <br />
            <span lang="en">{step.text_en}</span>
            <br />
            <span className="label">
              {t(`deed.${step.action ?? "none"}`)} · {t("protocol.done_when")} {t(`done.${step.done_when ?? "by_hand"}`)}
            </span>
          </li>
        ))}
      </ol>
      {one.phrases.length > 0 && (
        <p className="label">
          {t("protocol.phrases")} {one.phrases.map(({ zh, en }) => inLanguage(zh, en)).join(" · ")}
        </p>
      )}
    </details>
  );
}

function VersionList({ id }: { id: string }): ReactElement {
  const versions = useChief(["protocols", "versions", id], () => readVersions(id));
  return <Read of={versions}>{(items) => items.map((one) => <Version key={one.version} one={one} />)}</Read>;
}

/** Every version of a protocol, newest first: who saved it, when, and what it said. */
export function ProtocolVersions({ id }: { id: string | null }): ReactElement {
  const { t } = useTexts();
  return (
    <Panel name="protocol-versions" title={t("protocol.versions")}>
      {id !== null && <VersionList key={id} id={id} />}
    </Panel>
  );
}
