import type { ReactElement } from "react";

import { answered, api } from "../api/client";
import { queries } from "../api/queries";
import { Panel } from "../look/Panel";
import { useTexts, type Key } from "../texts/texts";
import {
  freshShift,
  ROLES,
  scheduleDraft,
  scheduleGiven,
  scheduleMistakes,
  type DutyRole,
  type DutyWrong,
  type Person,
  type ScheduleDraft,
} from "./duty";
import { EditorFrame, RecordList } from "./EditorFrame";
import { HolidaysPanel } from "./HolidaysPanel";
import { freshId } from "./policy";
import { Field, Read, useChief } from "./reading";
import { ShiftRow } from "./ShiftRow";
import { useEditor, type Editor } from "./useEditor";

const readSchedules = async () => (await answered(api.GET("/api/v1/duty/schedules", { params: { query: {} } }))).items;
const readStaff = async () => (await answered(api.GET("/api/v1/duty/staff", { params: { query: {} } }))).items;

function fresh(): ScheduleDraft {
  return { id: freshId(), version: 0, name: "", role: "supervisor", area: "", org_id: null, shifts: [freshShift()] };
}

function send(draft: ScheduleDraft, retired: boolean): Promise<{ version: number } | null> {
  const params = { path: { schedule_id: draft.id } };
  const put = answered(api.PUT("/api/v1/duty/schedules/{schedule_id}", { params, body: scheduleGiven(draft, retired) }));
  return put.then((made) => (retired ? null : made));
}

interface FieldsProps {
  editor: Editor<ScheduleDraft>;
  draft: ScheduleDraft;
  staff: readonly Person[];
  mistakes: ReadonlyMap<string, DutyWrong>;
}

function ScheduleFields({ editor, draft, staff, mistakes }: FieldsProps): ReactElement {
  const { t } = useTexts();
  const wrong = (field: string): string | undefined => {
    const found = editor.tried ? mistakes.get(field) : undefined;
    return found === undefined ? undefined : t(`duty.wrong.${found}` as Key);
  };
  const text = (field: "name" | "area") => (
    <Field label={t(`duty.${field}`)} mistake={wrong(field)}>
      <input
        value={draft[field]}
        maxLength={100}
        aria-invalid={wrong(field) !== undefined}
        onChange={(event) => editor.change({ [field]: event.target.value })}
      />
    </Field>
  );
  return (
    <>
      <div className="fields">
        {text("name")}
        <Field label={t("duty.role")}>
          <select value={draft.role} onChange={(event) => editor.change({ role: event.target.value as DutyRole })}>
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {t(`duty.${role}`)}
              </option>
            ))}
          </select>
        </Field>
        {text("area")}
      </div>
      {draft.shifts.map((shift, place) => (
        <ShiftRow
          key={shift.key}
          shift={shift}
          n={place + 1}
          staff={staff}
          wrong={wrong}
          change={(next) =>
            editor.change({
              shifts: draft.shifts.flatMap((one) => (one.key !== shift.key ? [one] : next === null ? [] : [next])),
            })
          }
        />
      ))}
      <button type="button" className="plain" onClick={() => editor.change({ shifts: [...draft.shifts, freshShift()] })}>
        {t("duty.add")}
      </button>
    </>
  );
}

/** Who is on duty when, and the days that are not what their weekday says. */
export function SchedulesPage(): ReactElement {
  const { t } = useTexts();
  const schedules = useChief(["schedules"], readSchedules);
  const staff = useChief(["staff"], readStaff);
  const editor = useEditor<ScheduleDraft>("schedules");
  const draft = editor.draft;
  const mistakes = draft === null ? new Map() : scheduleMistakes(draft);
  const names = new Map((staff.data ?? []).map((person) => [person.id, person.name]));
  const now = (ids: readonly string[]): string =>
    ids.length === 0 ? t("duty.nobody") : t("duty.now", { names: ids.map((id) => names.get(id) ?? t("duty.unknown")).join(t("and")) });
  const reload = async (id: string): Promise<void> => {
    const items = await queries.fetchQuery({ queryKey: ["chief", "schedules"], queryFn: readSchedules, staleTime: 0 });
    const found = items.find((one) => one.id === id);
    editor.begin(found === undefined ? null : scheduleDraft(found));
  };
  const choose = (id: string): void => {
    const found = schedules.data?.find((one) => one.id === id);
    if (found !== undefined) editor.begin(scheduleDraft(found));
  };
  return (
    <div className="chief-editing chief-duty">
      <Panel name="chief-records" title={t("duty.list")}>
        <Read of={schedules}>
          {(items) => (
            <RecordList
              items={items.map((one) => ({ ...one, aside: t(`duty.${one.role}`), below: now(one.on_duty) }))}
              chosen={draft?.id ?? null}
              choose={choose}
              create={() => editor.begin(fresh())}
            />
          )}
        </Read>
      </Panel>
      <Panel name="chief-form" title={draft === null ? t("duty.shifts") : draft.name || t("chief.new")}>
        {draft !== null && (
          <EditorFrame
            editor={editor}
            version={draft.version}
            label={t("duty.list")}
            onSave={() => editor.save(() => send(draft, false), mistakes.size)}
            onRetire={() => editor.save(() => send(draft, true), mistakes.size)}
            onReload={() => void reload(draft.id)}
          >
            <ScheduleFields editor={editor} draft={draft} staff={staff.data ?? []} mistakes={mistakes} />
          </EditorFrame>
        )}
      </Panel>
      <HolidaysPanel />
    </div>
  );
}
