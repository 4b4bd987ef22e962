import type { ReactElement } from "react";

import { useTexts } from "../texts/texts";
import { CHANNELS, freshId, retarget, TARGETS, type Channel, type StepDraft, type Target } from "./policy";

interface ChannelsProps {
  step: StepDraft;
  label: string;
  change: (step: StepDraft) => void;
}

function Channels({ step, label, change }: ChannelsProps): ReactElement {
  const { t } = useTexts();
  const toggle = (channel: Channel): void => {
    const has = step.channels.includes(channel);
    const channels = CHANNELS.filter((one) => (one === channel ? !has : step.channels.includes(one)));
    change({ ...step, channels });
  };
  return (
    <span className="ticks" role="group" aria-label={label}>
      {CHANNELS.map((channel) => (
        <label key={channel} className="tick">
          <input type="checkbox" checked={step.channels.includes(channel)} onChange={() => toggle(channel)} />
          {t(`channel.${channel}`)}
        </label>
      ))}
    </span>
  );
}

interface RowProps {
  step: StepDraft;
  n: number;
  wrong: (field: string) => string | undefined;
  change: (step: StepDraft | null) => void;
}

function StepRow({ step, n, wrong, change }: RowProps): ReactElement {
  const { t } = useTexts();
  const badDelay = wrong(`delay:${step.key}`);
  const badChannels = wrong(`channels:${step.key}`);
  return (
    <tr>
      <th scope="row">{n}</th>
      <td>
        <input
          className="short"
          inputMode="numeric"
          value={step.delay}
          aria-label={`${t("policy.step", { n })} ${t("policy.delay")}`}
          aria-invalid={badDelay !== undefined}
          onChange={(event) => change({ ...step, delay: event.target.value })}
        />
        {badDelay !== undefined && <span className="mistake">{badDelay}</span>}
      </td>
      <td>
        <select
          value={step.target}
          aria-label={`${t("policy.step", { n })} ${t("policy.target")}`}
          onChange={(event) => change(retarget(step, event.target.value as Target))}
        >
          {TARGETS.map((target) => (
            <option key={target} value={target}>
              {t(`target.${target}`)}
            </option>
          ))}
        </select>
      </td>
      <td>
        <Channels step={step} label={`${t("policy.step", { n })} ${t("policy.channels")}`} change={change} />
        {badChannels !== undefined && <span className="mistake">{badChannels}</span>}
      </td>
      <td>
        <label className="tick">
          <input
            type="checkbox"
            aria-label={`${t("policy.step", { n })} ${t("policy.repeats")}`}
            checked={step.repeats}
            onChange={() => change({ ...step, repeats: !step.repeats })}
          />
        </label>
      </td>
      <td>
        <button type="button" className="plain" onClick={() => change(null)}>
          {t("chief.remove")}
          <span className="unseen"> {t("policy.step", { n })}</span>
        </button>
      </td>
    </tr>
  );
}

interface RowsProps {
  steps: readonly StepDraft[];
  wrong: (field: string) => string | undefined;
  change: (steps: StepDraft[]) => void;
}

/** The steps of a policy, one a row. */
export function StepRows({ steps, wrong, change }: RowsProps): ReactElement {
  const { t } = useTexts();
  const put = (place: number, step: StepDraft | null): void =>
    change(steps.flatMap((one, at) => (at !== place ? [one] : step === null ? [] : [step])));
  const add = (): void =>
    change([...steps, { key: freshId(), delay: "120", target: "supervisors", channels: ["voice", "sms"], repeats: false }]);
  const bad = wrong("steps");
  return (
    <section className="editor-part" aria-label={t("policy.steps")}>
      <table className="chief-table">
        <thead>
          <tr>
            <th scope="col">{t("policy.steps")}</th>
            {(["delay", "target", "channels", "repeats"] as const).map((column) => (
              <th key={column} scope="col">
                {t(`policy.${column}`)}
              </th>
            ))}
            <th scope="col">
  <span className="unseen">{t("chief.actions")}</span>
</th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step, place) => (
            <StepRow key={step.key} step={step} n={place + 1} wrong={wrong} change={(next) => put(place, next)} />
          ))}
        </tbody>
      </table>
      {bad !== undefined && <p className="mistake">{bad}</p>}
      <button type="button" className="plain" onClick={add}>
        {t("policy.add")}
      </button>
    </section>
  );
}
