import type { ReactElement } from "react";

import { answered, api } from "../api/client";
import { queries } from "../api/queries";
import { Panel } from "../look/Panel";
import { inLanguage, useTexts } from "../texts/texts";
import { EditorFrame, RecordList } from "./EditorFrame";
import { draftOf, givenOf, mistakesOf, type Mistakes, type Protocol, type ProtocolDraft } from "./protocol";
import { ProtocolPhrases, ProtocolSteps } from "./ProtocolLines";
import { ProtocolVersions } from "./ProtocolVersions";
import { Field, Read, useChief } from "./reading";
import { useEditor, type Editor } from "./useEditor";
import "./protocols.css";

const NEWEST = ["protocols", "newest"] as const;
const readProtocols = async () => (await answered(api.GET("/api/v1/protocols", { params: { query: {} } }))).items;

function send(draft: ProtocolDraft): Promise<{ version: number }> {
  const params = { path: { key: draft.id } };
  return answered(api.PUT("/api/v1/protocols/{key}", { params, body: givenOf(draft) }));
}

interface ListProps {
  items: readonly Protocol[];
  chosen: string | null;
  choose: (id: string) => void;
}

function List({ items, chosen, choose }: ListProps): ReactElement {
  const { t, term } = useTexts();
  const records = items.map((one) => ({
    id: one.key,
    version: one.version,
    name: inLanguage(one.name_zh, one.name_en),
    aside: t("protocol.count", { count: one.steps.length }),
    below: one.kinds.map((kind) => (kind === "needs_help" ? t("protocol.needs_help") : term("event", kind))).join(" · "),
  }));
  return <RecordList items={records} chosen={chosen} choose={choose} />;
}

interface FormProps {
  editor: Editor<ProtocolDraft>;
  draft: ProtocolDraft;
  mistakes: Mistakes;
}

function ProtocolFields({ editor, draft, mistakes }: FormProps): ReactElement {
  const { t } = useTexts();
  const wrong = (field: string): string | undefined => {
    const found = editor.tried ? mistakes.get(field) : undefined;
    return found === undefined ? undefined : t(`protocol.wrong.${found}`);
  };
  return (
    <>
      <p className="label">{t("protocol.applies")}</p>
      <div className="fields">
        {(["zh", "en"] as const).map((language) => (
          <Field key={language} label={t(`protocol.${language}`)} mistake={wrong(language)}>
            <input
              className="protocol-name"
              value={draft[language]}
              maxLength={100}
              aria-invalid={wrong(language) !== undefined}
              onChange={(event) => editor.change({ [language]: event.target.value })}
            />
          </Field>
        ))}
      </div>
      <ProtocolSteps steps={draft.steps} wrong={wrong} change={(steps) => editor.change({ steps })} />
      <ProtocolPhrases phrases={draft.phrases} wrong={wrong} change={(phrases) => editor.change({ phrases })} />
    </>
  );
}

/** What is to be done about each kind of alarm: chosen on the left, changed in place, each save a new version. */
export function ProtocolsPage(): ReactElement {
  const { t } = useTexts();
  const protocols = useChief(NEWEST, readProtocols);
  const editor = useEditor<ProtocolDraft>("protocols");
  const draft = editor.draft;
  const mistakes: Mistakes = draft === null ? new Map() : mistakesOf(draft);
  const begin = (items: readonly Protocol[] | undefined, id: string): void => {
    const found = items?.find((one) => one.key === id);
    if (found !== undefined) editor.begin(draftOf(found));
  };
  const reload = async (id: string): Promise<void> => {
    void queries.invalidateQueries({ queryKey: ["chief", "protocols", "versions"] });
    begin(await queries.fetchQuery({ queryKey: ["chief", ...NEWEST], queryFn: readProtocols, staleTime: 0 }), id);
  };
  return (
    <div className="chief-duty">
      <Panel name="chief-records" title={t("protocol.list")}>
        <Read of={protocols}>
          {(items) => <List items={items} chosen={draft?.id ?? null} choose={(id) => begin(items, id)} />}
        </Read>
      </Panel>
      <Panel name="chief-form" title={draft === null ? t("protocol.choose") : inLanguage(draft.zh, draft.en)}>
        {draft !== null && (
          <EditorFrame
            editor={editor}
            version={draft.version}
            label={t("protocol.list")}
            onSave={() => editor.save(() => send(draft), mistakes.size)}
            onReload={() => void reload(draft.id)}
          >
            <ProtocolFields editor={editor} draft={draft} mistakes={mistakes} />
          </EditorFrame>
        )}
      </Panel>
      <ProtocolVersions id={draft?.id ?? null} />
    </div>
  );
}
