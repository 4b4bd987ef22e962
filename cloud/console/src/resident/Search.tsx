import { useEffect, useRef, useState, type KeyboardEvent, type ReactElement, type RefObject } from "react";

import { IME_KEY_CODE } from "../desk/draft";
import { useSettled } from "../look/useSettled";
import { useTexts, type TextKey } from "../texts/texts";
import { useSearch, type Hit } from "./queries";
import { look } from "./state";
import "./resident.css";

function Found({ hit, chosen, id, choose }: { hit: Hit; chosen: boolean; id: string; choose: () => void }): ReactElement {
  const { t } = useTexts();
  const facts = [t(`sex.${hit.sex}`), hit.age === null ? "" : t("case.years", { age: hit.age })];
  const state = hit.state === null || hit.state === "active" ? "" : t(`resident.state.${hit.state}`);
  return (
    <div
      id={id}
      role="option"
      tabIndex={-1}
      className="hit"
      aria-selected={chosen}
      onPointerDown={(event) => {
        event.preventDefault();
        choose();
      }}
    >
      <b>{hit.name}</b> {facts.filter((fact) => fact !== "").join(" ")}
      {state !== "" && <span className="tag">{state}</span>}
      {hit.open_case_id !== null && <span className="tag tag-strong">{t("search.open_case")}</span>}
      <span className="label">{t(`search.by.${hit.matched}` as TextKey)}</span>
      <span className="place">{[hit.area, hit.place, hit.bed_label].filter((part) => part !== "").join(" ") || t("resident.no_bed")}</span>
    </div>
  );
}

/** Ctrl+K puts the cursor there, with what was typed before marked. */
function useShortcut(input: RefObject<HTMLInputElement | null>): void {
  useEffect(() => {
    const press = (event: globalThis.KeyboardEvent): void => {
      if (event.key.toLowerCase() !== "k" || !event.ctrlKey || event.isComposing) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [input]);
}

interface ResultsProps {
  hits: readonly Hit[];
  at: number;
  shown: boolean;
  nothing: string;
  choose: (hit: Hit) => void;
}

function Results({ hits, at, shown, nothing, choose }: ResultsProps): ReactElement {
  const { t } = useTexts();
  return (
    <div className="search-box" hidden={!shown}>
      <div id="search-results" role="listbox" aria-label={t("search.results")}>
        {hits.map((hit, index) => (
          <Found key={hit.id} id={`hit-${hit.id}`} hit={hit} chosen={index === at} choose={() => choose(hit)} />
        ))}
      </div>
      {hits.length === 0 && <p role="status">{nothing}</p>}
    </div>
  );
}

/** Finds an elder: Ctrl+K comes here, arrows and Enter choose, Escape leaves. */
export function Search(): ReactElement {
  const { t } = useTexts();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [composing, setComposing] = useState(false);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  useShortcut(input);
  const settled = useSettled(text, composing);
  const found = useSearch(settled);
  const hits = settled === "" ? [] : (found.data ?? []);
  const chosen = hits[at];
  const shown = open && settled !== "" && !found.isPending;
  const choose = (hit: Hit): void => {
    look("resident", hit.id);
    setText("");
    input.current?.blur();
  };
  const press = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing || event.keyCode === IME_KEY_CODE || event.ctrlKey) return;
    if (event.key === "ArrowDown") setAt(Math.max(0, Math.min(at + 1, hits.length - 1)));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Escape") input.current?.blur();
    else if (event.key !== "Enter") return;
    else if (chosen !== undefined) choose(chosen);
    event.preventDefault();
  };
  return (
    <search className="search">
      <input
        ref={input}
        role="combobox"
        aria-expanded={shown && hits.length > 0}
        aria-controls="search-results"
        aria-autocomplete="list"
        aria-activedescendant={shown && chosen !== undefined ? `hit-${chosen.id}` : undefined}
        aria-label={t("search.label")}
        placeholder={`Ctrl K ${t("search.placeholder")}`}
        maxLength={100}
        value={text}
        onChange={(event) => (setText(event.target.value), setAt(0))}
        onCompositionStart={() => setComposing(true)}
        onCompositionEnd={() => setComposing(false)}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={press}
      />
      <Results
        hits={hits}
        at={at}
        shown={shown}
        nothing={found.isError ? t("search.failed") : t("search.none", { text: settled })}
        choose={choose}
      />
    </search>
  );
}
