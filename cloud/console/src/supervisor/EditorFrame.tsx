import type { FormEvent, ReactElement, ReactNode } from "react";

import { useAreaName } from "../api/areas";
import { useSeat } from "../desk/context";
import { useTexts } from "../texts/texts";
import type { Editor } from "./useEditor";

interface ListProps {
  items: readonly { id: string; version: number; name: string; area_code?: string; aside: string; below: string }[];
  chosen: string | null;
  choose: (id: string) => void;
  /** Absent where the list is a closed one. */
  create?: () => void;
}

/** The records on the left: name, where it holds (of those that belong to an area), version. */
export function RecordList({ items, chosen, choose, create }: ListProps): ReactElement {
  const { t } = useTexts();
  const place = useAreaName();
  return (
    <>
      <ul className="chief-list records">
        {items.map((item) => (
          <li key={item.id}>
            <button type="button" className="record" aria-pressed={chosen === item.id} onClick={() => choose(item.id)}>
              <b>{item.name}</b> <span className="tag">{item.aside}</span>
              <br />
              <span className="label">
                {[item.area_code === undefined ? "" : place(item.area_code), t("chief.version", { version: item.version }), item.below]
                  .filter((part) => part !== "")
                  .join(" · ")}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {create !== undefined && (
        <button type="button" className="plain" onClick={create}>
          {t("chief.new")}
        </button>
      )}
    </>
  );
}

interface FrameProps<D> {
  editor: Editor<D>;
  version: number;
  label: string;
  onSave: () => void;
  /** Absent where it can only be changed. */
  onRetire?: () => void;
  onReload: () => void;
  children: ReactNode;
}

/** The form on the right: fields, then saving with what came of it beside the button. */
export function EditorFrame<D>(props: FrameProps<D>): ReactElement {
  const { editor, version, label, onSave, onRetire, onReload, children } = props;
  const { t } = useTexts();
  const mayEdit = ["supervisor", "admin"].includes(useSeat().user.role);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSave();
  };
  return (
    <form className="editor" onSubmit={submit} aria-label={label} noValidate>
      <p className="label">{version === 0 ? t("chief.new_version") : t("chief.version", { version })}</p>
      <fieldset disabled={!mayEdit || editor.busy} className="bare">
        {children}
        <div className="editor-foot">
          <button type="submit" className="primary">
            {t(editor.busy ? "chief.saving" : "chief.save")}
          </button>
          {version > 0 && onRetire !== undefined && (
            <button type="button" className="plain" onClick={onRetire}>
              {t("chief.retire")}
            </button>
          )}
          {editor.outdated && (
            <button type="button" className="plain" onClick={onReload}>
              {t("chief.reload")}
            </button>
          )}
          <span role="status" className="said">
            {editor.said ?? ""}
          </span>
        </div>
      </fieldset>
    </form>
  );
}
