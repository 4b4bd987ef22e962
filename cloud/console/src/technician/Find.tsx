/** Which home: by the id on a gateway or device, typed, scanned, or in the page's own address; or by its address. */
import { useState, type FormEvent, type ReactElement } from "react";
import { useNavigate, useSearchParams } from "react-router";

import { useSeat } from "../desk/context";
import { Frame } from "../phone/Frame";
import { useTexts } from "../texts/texts";
import { dateAndTime, instant } from "../time/format";
import { begin, useHomes, wordsOf, type ChecklistHome } from "./reading";
import { canScan, Scan } from "./Scan";
import { useServerTime } from "./useServerTime";

function Hit({ home, onFailure }: { home: ChecklistHome; onFailure: (words: string) => void }): ReactElement {
  const { t } = useTexts();
  const { config } = useSeat();
  const go = useNavigate();
  const finished = instant(home.finished_at);
  const start = (): void => {
    begin(home.id).then(
      (id) => void go(`/tech/${id}`),
      (error: unknown) => onFailure(wordsOf(error)),
    );
  };
  return (
    <article className="tech-home">
      <h2>{[home.place, ...home.beds].filter((part) => part !== "").join(" · ")}</h2>
      <p>{t("tech.home_has", { gateways: home.gateways.join(" ") || t("tech.no_gateway"), devices: home.devices })}</p>
      <p className="quiet-note">
        {finished === null
          ? t("tech.never_finished")
          : t("tech.last_finished", { when: dateAndTime(finished, config.time_zone).slice(0, 11) })}
      </p>
      {home.open_by !== null && <p role="status">{t("tech.open_by", { name: home.open_by })}</p>}
      <button type="button" className="phone-button primary" onClick={start}>
        {t(home.open_by === null ? "tech.begin" : "tech.join")}
      </button>
    </article>
  );
}

/** A code may be the id itself, or this page's address with the id in it. */
export function idIn(code: string): string {
  const found = /[?&]find=([^&#]+)/.exec(code)?.[1];
  return (found === undefined ? code : decodeURIComponent(found)).trim().slice(0, 100);
}

export function Find(): ReactElement {
  const { t } = useTexts();
  const { user } = useSeat();
  const [wanted, setWanted] = useSearchParams();
  const text = wanted.get("find") ?? "";
  const homes = useHomes(text);
  const [scanning, setScanning] = useState(false);
  const [failure, setFailure] = useState("");
  useServerTime(undefined, homes.isError);
  const search = (word: string): void => {
    setFailure("");
    setScanning(false);
    setWanted({ find: idIn(word) });
  };
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    search(String(new FormData(event.currentTarget).get("find")));
  };
  return (
    <Frame title={t("tech.title")} name={t("tech.title")} shownAtMs={null} failed={homes.isError} aside={<span className="aside">{user.name}</span>}>
      <form key={text} className="tech-find" onSubmit={submit}>
        <label>
          {t("tech.search")}
          <input name="find" defaultValue={text} placeholder={t("tech.search_hint")} autoCapitalize="none" autoComplete="off" required maxLength={100} />
        </label>
        <div className="phone-pair">
          {canScan() && (
            <button type="button" className="phone-button" aria-pressed={scanning} onClick={() => setScanning(!scanning)}>
              {t(scanning ? "tech.scan_stop" : "tech.scan")}
            </button>
          )}
          <button type="submit" className="phone-button primary">
            {t("tech.find")}
          </button>
        </div>
      </form>
      {scanning && <Scan onCode={search} />}
      {failure !== "" && (
        <p className="tech-failure" role="alert">
          {failure}
        </p>
      )}
      {text === "" && <p className="quiet-note">{t("tech.found_note")}</p>}
      {text !== "" && homes.isPending && <p role="status">{t("tech.reading")}</p>}
      {homes.data?.length === 0 && <p role="status">{t("tech.found_none")}</p>}
      {homes.data?.map((home) => <Hit key={home.id} home={home} onFailure={setFailure} />)}
    </Frame>
  );
}
