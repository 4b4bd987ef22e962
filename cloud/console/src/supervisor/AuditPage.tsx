import { useInfiniteQuery } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactElement } from "react";
import { Link } from "react-router";

import { useAreaName } from "../api/areas";
import { answered, api } from "../api/client";
import { useSeat } from "../desk/context";
import { Panel } from "../look/Panel";
import { useTexts, type Texts } from "../texts/texts";
import { dateAndTime, instant, timeOfDay } from "../time/format";
import { factsOf, shortened, wordIn } from "./audit_details";
import { auditZh } from "./audit_texts";
import { Field, Read, serverNow } from "./reading";
import { fromLocalInput, localInput } from "./span";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const PAGE = 100;
const ACTIONS: readonly string[] = Object.keys(auditZh).map((key) => key.slice("act.".length));

interface Wanted {
  from: string;
  to: string;
  actor: string;
  action: string;
  subject: string;
}

async function readPage(wanted: Wanted, before: number | null) {
  const { from, to } = wanted;
  const given = Object.entries({ actor: wanted.actor, action: wanted.action, subject: wanted.subject });
  const more = Object.fromEntries(given.filter(([, value]) => value !== ""));
  const query = { from, to, limit: PAGE, fold: true, ...more, ...(before === null ? {} : { before }) };
  return answered(api.GET("/api/v1/audit", { params: { query } }));
}

type Entry = Awaited<ReturnType<typeof readPage>>["items"][number];

/** The act in words, or its code where this console does not know it yet. */
function useAct(): (code: string) => string {
  const words = useTexts();
  return (code) => wordIn(["act"], code, words) ?? code;
}

/** The program's or the person's name; of a command line its system user. */
function whoOf({ actor_name: name }: Entry, words: Texts): string {
  const [first = "", ...more] = name.split(":");
  const known = wordIn(["actor"], first, words);
  return known === undefined ? name : [known, ...more].join(" ");
}

/** What the act was about: case, name, list; a bare id where nothing is known of it. */
function aboutOf(entry: Entry, words: Texts): string {
  const known = [
    entry.case_number === null ? "" : words.t("audit.case", { number: entry.case_number }),
    entry.subject_name || (wordIn(["about"], entry.subject, words) ?? ""),
  ].filter((part) => part !== "");
  return known.join(" · ") || shortened(entry.subject);
}

function Details({ entry }: { entry: Entry }): ReactElement {
  const words = useTexts();
  const facts = factsOf(entry.detail, { ...words, zone: useSeat().config.time_zone, areaName: useAreaName() });
  if (facts.length === 0) return <>{words.t("none")}</>;
  return (
    <ul>
      {facts.map(({ name, value, whole }) => (
        <li key={name} title={whole}>
          <span className="label">{name}</span> {value}
        </li>
      ))}
    </ul>
  );
}

function Row({ entry }: { entry: Entry }): ReactElement {
  const words = useTexts();
  const { t } = words;
  const act = useAct();
  const zone = useSeat().config.time_zone;
  const about = aboutOf(entry, words);
  const isElder = entry.resident_name !== "" && entry.case_number === null;
  return (
    <tr data-action={entry.action}>
      <td>
        {entry.times > 1 && `${dateAndTime(instant(entry.first_at) ?? 0, zone)} – `}
        {entry.times > 1 ? timeOfDay(instant(entry.at) ?? 0, zone) : dateAndTime(instant(entry.at) ?? 0, zone)}
      </td>
      <td>
        <b>{whoOf(entry, words)}</b> <span className="label">{wordIn(["role"], entry.actor_role, words) ?? entry.actor_role}</span>
      </td>
      <td>
        {act(entry.action)}
        {entry.times > 1 && (
          <span className="tag" title={t("audit.times", { count: entry.times })}>
            ×{entry.times}
          </span>
        )}
      </td>
      <td title={entry.subject}>{isElder ? <Link to={`/resident/${entry.subject}`}>{about}</Link> : about}</td>
      <td className="audit-detail">
        <Details entry={entry} />
      </td>
      <td>
        {entry.case_id !== null && (
          <a className="plain link-like" href={`/api/v1/cases/${entry.case_id}/evidence`} download>
            {t("notice.evidence")}
          </a>
        )}
      </td>
    </tr>
  );
}

function useForm(): { draft: Wanted; change: (part: Partial<Wanted>) => void } {
  const zone = useSeat().config.time_zone;
  const [draft, setDraft] = useState<Wanted>(() => {
    return { from: localInput(serverNow() - DAY_MS, zone), to: "", actor: "", action: "", subject: "" };
  });
  return { draft, change: (part) => setDraft((before) => ({ ...before, ...part })) };
}

function Search({ search }: { search: (wanted: Wanted) => void }): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const act = useAct();
  const { draft, change } = useForm();
  const [wrong, setWrong] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const from = fromLocalInput(draft.from, zone);
    const to = draft.to === "" ? new Date(serverNow() + MINUTE_MS).toISOString() : fromLocalInput(draft.to, zone);
    const good = from !== null && to !== null && from < to;
    setWrong(!good);
    if (good) search({ ...draft, from, to, actor: draft.actor.trim(), subject: draft.subject.trim() });
  };
  const input = (field: "from" | "to" | "actor" | "subject", type: string) => (
    <Field label={t(`audit.${field}`)} mistake={wrong && field === "from" ? t("audit.wrong") : undefined}>
      <input type={type} maxLength={100} value={draft[field]} onChange={(event) => change({ [field]: event.target.value })} />
    </Field>
  );
  return (
    <form className="fields audit-search" onSubmit={submit}>
      {input("from", "datetime-local")}
      {input("to", "datetime-local")}
      {input("actor", "text")}
      <Field label={t("audit.action")}>
        <select value={draft.action} onChange={(event) => change({ action: event.target.value })}>
          <option value="">{t("audit.any")}</option>
          {ACTIONS.map((code) => (
            <option key={code} value={code}>
              {act(code)}
            </option>
          ))}
        </select>
      </Field>
      {input("subject", "text")}
      <button type="submit" className="primary">
        {t("audit.search")}
      </button>
    </form>
  );
}

function Rows({ items }: { items: readonly Entry[] }): ReactElement {
  const { t } = useTexts();
  if (items.length === 0) return <p className="label">{t("audit.none")}</p>;
  return (
    <table className="chief-table">
      <thead>
        <tr>
          {(["at", "who", "what", "whom", "detail"] as const).map((column) => (
            <th key={column} scope="col">
              {t(`audit.${column}`)}
            </th>
          ))}
          <th scope="col">
            <span className="unseen">{t("chief.actions")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((entry) => (
          <Row key={entry.id} entry={entry} />
        ))}
      </tbody>
    </table>
  );
}

/** Who looked at or changed what. Nothing is read before it is asked for: reading is written down too. */
export function AuditPage(): ReactElement {
  const { t } = useTexts();
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const pages = useInfiniteQuery({
    queryKey: ["chief", "audit", wanted],
    queryFn: ({ pageParam }) => readPage(wanted as Wanted, pageParam),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.next_before,
    enabled: wanted !== null,
  });
  return (
    <div className="chief-audit">
      <Panel name="audit" title={t("chief.nav.audit")} aside={t("audit.note")}>
        <Search search={(next) => setWanted(next)} />
        {wanted !== null && (
          <Read of={pages}>{({ pages: found }) => <Rows items={found.flatMap((page) => page.items)} />}</Read>
        )}
        {pages.hasNextPage && (
          <button type="button" className="plain" disabled={pages.isFetching} onClick={() => void pages.fetchNextPage()}>
            {t("audit.more")}
          </button>
        )}
      </Panel>
    </div>
  );
}
