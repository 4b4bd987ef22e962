import { useQuery } from "@tanstack/react-query";
import { useState, type ComponentType, type ReactElement } from "react";
import { Link } from "react-router";

import { answered, api, type ResidentDetail } from "../api/client";
import { useTexts } from "../texts/texts";
import { useFinder } from "./Finder";
import { reasonOf } from "./Form";
import { readAgain, readHome, readHomes } from "./places";

export interface ActProps {
  home: { id: string; place: string };
  act: (id: string) => void;
}

function FreeBeds({ home: { id: home }, act: take }: ActProps): ReactElement {
  const { t } = useTexts();
  const found = useQuery({ queryKey: ["admin", "home", home], queryFn: () => readHome(home) });
  const free = (found.data?.beds ?? []).filter((bed) => bed.resident_id === null);
  if (free.length === 0) return <span className="aside">{t("admin.no_free_bed")}</span>;
  return (
    <>
      {free.map((bed) => (
        <button key={bed.id} type="button" className="plain" onClick={() => take(bed.id)}>
          {t("admin.move_in", { bed: bed.label || "1" })}
        </button>
      ))}
    </>
  );
}

interface HomeFinderProps {
  Act: ComponentType<ActProps>;
  act: (id: string) => void;
}

/** The first homes whose address has the words. */
export function HomeFinder({ Act, act }: HomeFinderProps): ReactElement {
  const [finder, text] = useFinder("admin.find_home");
  const found = useQuery({ queryKey: ["admin", "homes", "find", text], queryFn: () => readHomes("", text), enabled: text.length > 1 });
  return (
    <div className="finder">
      {finder}
      <ul>
        {(found.data ?? []).slice(0, 8).map((home) => (
          <li key={home.id}>
            <span className="words">{home.place}</span> <Act home={home} act={act} />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The bed an elder lies in, and the way into another one. */
export function Stay({ resident }: { resident: ResidentDetail }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const [wrong, setWrong] = useState("");
  const take = (bed: string | null): void => {
    const params = { path: { resident_id: resident.id } };
    setWrong("");
    answered(api.PUT("/api/v1/residents/{resident_id}/bed", { params, body: { revision: resident.revision, bed_id: bed } })).then(
      readAgain,
      (error: unknown) => setWrong(reasonOf(error, texts)),
    );
  };
  const bed = resident.bed;
  return (
    <section className="stay">
      {bed === null ? (
        <>
          <p>{t("admin.no_bed")}</p>
          <HomeFinder Act={FreeBeds} act={take} />
        </>
      ) : (
        <p>
          <Link to={`/admin/homes/${bed.home_id}`}>{bed.place || bed.home_id}</Link> · {bed.label || t("admin.none")}{" "}
          <button type="button" className="plain" onClick={() => take(null)}>{t("admin.move_out")}</button>
        </p>
      )}
      <p role="alert" className="wrong">{wrong}</p>
    </section>
  );
}
