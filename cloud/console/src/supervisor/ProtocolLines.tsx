import type { ReactElement } from "react";

import { useTexts, type Key } from "../texts/texts";
import { freshId } from "./policy";
import { ACTIONS, FITTING, freshStep, MOST, moved, withAction } from "./protocol";
import type { Action, DoneWhen, PhraseDraft, StepDraft } from "./protocol";

type WrongOf = (field: string) => string | undefined;

interface TextProps {
  line: PhraseDraft;
  language: "zh" | "en";
  name: string;
  most: number;
  mistake: string | undefined;
  change: (text: string) => void;
}

/** One text in one language; it grows with what is written and stays one paragraph. */
function LineText({ line, language, name, most, mistake, change }: TextProps): ReactElement {
  const { t } = useTexts();
  return (
    <td>
      <textarea
        className="line-text"
        rows={1}
        lang={language === "zh" ? "zh-CN" : "en"}
        maxLength={most}
        value={line[language]}
        aria-label={`${name} ${t(`protocol.text.${language}`)}`}
        aria-invalid={mistake !== undefined}
        onChange={(event) => change(event.target.value.replaceAll(/\s*\n\s*/g, " "))}
      />
      {mistake !== undefined && <span className="mistake">{mistake}</span>}
    </td>
  );
}

interface MoveProps {
  name: string;
  line: PhraseDraft;
  first: boolean;
  last: boolean;
  move: (by: -1 | 1) => void;
  remove: () => void;
}

/** Up, down, remove. The keyboard stays with the line that moved. */
function LineButtons({ name, line, first, last, move, remove }: MoveProps): ReactElement {
  const { t } = useTexts();
  const go = (by: -1 | 1): void => {
    move(by);
    requestAnimationFrame(() => {
      const buttons = [by, -by].map((way) => document.getElementById(`move:${line.key}:${way}`));
      buttons.find((button) => button !== null && !button.hasAttribute("disabled"))?.focus();
    });
  };
  const way = (by: -1 | 1, text: Key, disabled: boolean): ReactElement => (
    <button id={`move:${line.key}:${by}`} type="button" className="plain" disabled={disabled} onClick={() => go(by)}>
      {t(text)}
      <span className="unseen"> {name}</span>
    </button>
  );
  return (
    <td className="line-buttons">
      {way(-1, "protocol.up", first)}
      {way(1, "protocol.down", last)}
      <button type="button" className="plain" onClick={remove}>
        {t("chief.remove")}
        <span className="unseen"> {name}</span>
      </button>
    </td>
  );
}

interface ChoiceProps {
  step: StepDraft;
  name: string;
  change: (step: StepDraft) => void;
}

function Choices({ step, name, change }: ChoiceProps): ReactElement {
  const { t } = useTexts();
  return (
    <>
      <td>
        <select
          value={step.action}
          aria-label={`${name} ${t("protocol.action")}`}
          onChange={(event) => change(withAction(step, event.target.value as Action))}
        >
          {ACTIONS.map((action) => (
            <option key={action} value={action}>
              {t(`deed.${action}`)}
            </option>
          ))}
        </select>
      </td>
      <td>
        <select
          value={step.doneWhen}
          aria-label={`${name} ${t("protocol.done_when")}`}
          onChange={(event) => change({ ...step, doneWhen: event.target.value as DoneWhen })}
        >
          {FITTING[step.action].map((end) => (
            <option key={end} value={end}>
              {t(`done.${end}`)}
            </option>
          ))}
        </select>
      </td>
    </>
  );
}

function choicesOf(step: StepDraft, name: string, change: (step: StepDraft) => void): ReactElement {
  return <Choices step={step} name={name} change={change} />;
}

interface TableProps<L extends PhraseDraft> {
  lines: readonly L[];
  title: Key;
  one: Key;
  add: Key;
  most: number;
  wrong: WrongOf;
  mistake?: string | undefined;
  fresh: () => L;
  change: (lines: L[]) => void;
  columns?: readonly Key[];
  choices?: (line: L, name: string, change: (line: L) => void) => ReactElement;
}

function Row<L extends PhraseDraft>(props: TableProps<L> & { line: L; place: number }): ReactElement {
  const { line, place, lines, one, most, wrong, change, choices } = props;
  const { t } = useTexts();
  const name = t(one, { n: place + 1 });
  const put = (next: L): void => change(lines.with(place, next));
  const text = { line, name, most };
  return (
    <tr>
      <th scope="row">{place + 1}</th>
      <LineText {...text} language="zh" mistake={wrong(`zh:${line.key}`)} change={(zh) => put({ ...line, zh })} />
      <LineText {...text} language="en" mistake={wrong(`en:${line.key}`)} change={(en) => put({ ...line, en })} />
      {choices?.(line, name, put)}
      <LineButtons
        name={name}
        line={line}
        first={place === 0}
        last={place === lines.length - 1}
        move={(by) => change(moved(lines, place, by))}
        remove={() => change(lines.toSpliced(place, 1))}
      />
    </tr>
  );
}

/** Lines of two languages, one a row, in an order that the buttons change. */
function Lines<L extends PhraseDraft>(props: TableProps<L>): ReactElement {
  const { lines, title, add, mistake, fresh, change, columns = [] } = props;
  const { t } = useTexts();
  const heads: readonly Key[] = [title, "protocol.text.zh", "protocol.text.en", ...columns];
  return (
    <section className="editor-part" aria-label={t(title)}>
      <table className="chief-table lines">
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {t(head)}
              </th>
            ))}
            <th scope="col">
              <span className="unseen">{t("chief.actions")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line, place) => (
            <Row key={line.key} {...props} line={line} place={place} />
          ))}
        </tbody>
      </table>
      {mistake !== undefined && <p className="mistake">{mistake}</p>}
      <button type="button" className="plain" disabled={lines.length >= MOST} onClick={() => change([...lines, fresh()])}>
        {t(add)}
      </button>
    </section>
  );
}

interface StepsProps {
  steps: readonly StepDraft[];
  wrong: WrongOf;
  change: (steps: StepDraft[]) => void;
}

/** The steps of a protocol. */
export function ProtocolSteps({ steps, wrong, change }: StepsProps): ReactElement {
  return (
    <Lines
      lines={steps}
      title="protocol.steps"
      one="protocol.step"
      add="protocol.add"
      most={200}
      wrong={wrong}
      mistake={wrong("steps")}
      fresh={freshStep}
      change={change}
      columns={["protocol.action", "protocol.done_when"]}
      choices={choicesOf}
    />
  );
}

interface PhrasesProps {
  phrases: readonly PhraseDraft[];
  wrong: WrongOf;
  change: (phrases: PhraseDraft[]) => void;
}

/** The lines that operators often write in such a case. */
export function ProtocolPhrases({ phrases, wrong, change }: PhrasesProps): ReactElement {
  return (
    <Lines
      lines={phrases}
      title="protocol.phrases"
      one="protocol.phrase"
      add="protocol.add_phrase"
      most={100}
      wrong={wrong}
      fresh={() => ({ key: freshId(), zh: "", en: "" })}
      change={change}
    />
  );
}
