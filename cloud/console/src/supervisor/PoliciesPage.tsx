import type { ReactElement } from "react";

import { answered, api } from "../api/client";
import { queries } from "../api/queries";
import { Panel } from "../look/Panel";
import { useTexts, type Key } from "../texts/texts";
import { EditorFrame, RecordList } from "./EditorFrame";
import { draftOf, freshId, givenOf, mistakesOf, type Mistakes, type PolicyDraft } from "./policy";
import { Field, Read, useChief } from "./reading";
import { StepRows } from "./StepRows";
import { useEditor, type Editor } from "./useEditor";

const readPolicies = async () => (await answered(api.GET("/api/v1/escalation/policies", { params: { query: {} } }))).items;

function fresh(): PolicyDraft {
  return {
    id: freshId(),
    version: 0,
    name: "",
    priority: 1,
    area: "",
    org_id: null,
    resident_id: null,
    repeat: "",
    again: "0.5",
    steps: [{ key: "0", delay: "30", target: "supervisors", channels: ["voice", "sms"], repeats: false }],
  };
}

function send(draft: PolicyDraft, retired: boolean): Promise<{ version: number } | null> {
  const params = { path: { policy_id: draft.id } };
  const put = answered(
    api.PUT("/api/v1/escalation/policies/{policy_id}", { params, body: givenOf(draft, retired) }),
  );
  return put.then((made) => (retired ? null : made));
}

interface FormProps {
  editor: Editor<PolicyDraft>;
  draft: PolicyDraft;
  mistakes: Mistakes;
}

function PolicyFields({ editor, draft, mistakes }: FormProps): ReactElement {
  const { t } = useTexts();
  const wrong = (field: string): string | undefined => {
    const found = editor.tried ? mistakes.get(field) : undefined;
    return found === undefined ? undefined : t(`policy.wrong.${found}` as Key);
  };
  const text = (field: "name" | "area" | "repeat" | "again", inputMode: "text" | "numeric" | "decimal") => (
    <Field label={t(`policy.${field}`)} mistake={wrong(field)}>
      <input
        value={draft[field]}
        inputMode={inputMode}
        maxLength={100}
        aria-invalid={wrong(field) !== undefined}
        onChange={(event) => editor.change({ [field]: event.target.value })}
      />
    </Field>
  );
  return (
    <>
      <div className="fields">
        {text("name", "text")}
        <Field label={t("policy.priority")}>
          <select
            value={draft.priority}
            onChange={(event) => editor.change({ priority: event.target.value === "1" ? 1 : 2 })}
          >
            <option value={1}>P1</option>
            <option value={2}>P2</option>
          </select>
        </Field>
        {text("area", "numeric")}
        {text("repeat", "numeric")}
        {text("again", "decimal")}
      </div>
      {draft.resident_id !== null && <p className="label">{t("chief.place.one")}</p>}
      <StepRows steps={draft.steps} wrong={wrong} change={(steps) => editor.change({ steps })} />
    </>
  );
}

/** Escalation policies as data: chosen on the left, changed on the right, each save a new version. */
export function PoliciesPage(): ReactElement {
  const { t } = useTexts();
  const policies = useChief(["policies"], readPolicies);
  const editor = useEditor<PolicyDraft>("policies");
  const draft = editor.draft;
  const mistakes = draft === null ? new Map() : mistakesOf(draft);
  const choose = (id: string): void => {
    const found = policies.data?.find((policy) => policy.id === id);
    if (found !== undefined) editor.begin(draftOf(found));
  };
  const reload = async (id: string): Promise<void> => {
    const items = await queries.fetchQuery({ queryKey: ["chief", "policies"], queryFn: readPolicies, staleTime: 0 });
    const found = items.find((policy) => policy.id === id);
    editor.begin(found === undefined ? null : draftOf(found));
  };
  return (
    <div className="chief-editing">
      <Panel name="chief-records" title={t("policy.list")}>
        <Read of={policies}>
          {(items) => (
            <RecordList
              items={items.map((one) => ({ ...one, aside: `P${one.priority}`, below: "" }))}
              chosen={draft?.id ?? null}
              choose={choose}
              create={() => editor.begin(fresh())}
            />
          )}
        </Read>
      </Panel>
      <Panel name="chief-form" title={draft === null ? t("policy.steps") : draft.name || t("chief.new")}>
        {draft !== null && (
          <EditorFrame
            editor={editor}
            version={draft.version}
            label={t("policy.list")}
            onSave={() => editor.save(() => send(draft, false), mistakes.size)}
            onRetire={() => editor.save(() => send(draft, true), mistakes.size)}
            onReload={() => void reload(draft.id)}
          >
            <PolicyFields editor={editor} draft={draft} mistakes={mistakes} />
          </EditorFrame>
        )}
      </Panel>
    </div>
  );
}
