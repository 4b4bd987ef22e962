import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useEffect, useState, type ReactElement } from "react";

import { answered, api, type CaseDetail } from "../api/client";
import { useSeat } from "../desk/context";
import { Panel } from "../look/Panel";
import { useTexts } from "../texts/texts";
import { instant, timeOfDay } from "../time/format";
import { photoCount } from "./sending";
import "./photos.css";

const readPhotos = async (id: string) =>
  (await answered(api.GET("/api/v1/cases/{case_id}/photos", { params: { path: { case_id: id }, query: {} } }))).items;
type Photo = Awaited<ReturnType<typeof readPhotos>>[number];

/** What was photographed, oldest first; each look is written down, so it is read once for each new picture. */
function usePhotos(id: string, count: number): UseQueryResult<Photo[]> {
  return useQuery({ queryKey: ["photos", id, count], queryFn: () => readPhotos(id), staleTime: Infinity });
}

function Picture({ photo }: { photo: Photo }): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const [failed, fail] = useState(false);
  const time = timeOfDay(instant(photo.taken_at) ?? 0, zone);
  return (
    <figure className="photo">
      {failed ? (
        <p className="label">{t("photos.unreadable")}</p>
      ) : (
        <img src={`/api/v1/photos/${photo.id}`} alt={t("photos.alt", { name: photo.taken_by, time })} onError={() => fail(true)} />
      )}
      <figcaption>
        {photo.taken_by} · {time}
      </figcaption>
    </figure>
  );
}

interface PhotosProps {
  detail: CaseDetail;
  close: () => void;
}

/** The responders' photographs in the map's place, the newest first seen; nothing of the case is covered. */
export function Photos({ detail, close }: PhotosProps): ReactElement {
  const { t } = useTexts();
  const count = photoCount(detail);
  const { data: photos, isError } = usePhotos(detail.id, count);
  const [chosen, choose] = useState<number | null>(null);
  useEffect(() => choose(null), [count]);
  const last = (photos?.length ?? 0) - 1;
  const at = Math.min(chosen ?? last, last);
  const photo = photos?.[at];
  return (
    <Panel
      name="photos"
      title={t("photos.title", { count: Math.max(count, last + 1) })}
      aside={
        <button type="button" className="plain" onClick={close}>
          {t("photos.close")}
        </button>
      }
      foot={
        last > 0 && (
          <p className="photo-buttons">
            <button type="button" className="plain" disabled={at === 0} onClick={() => choose(at - 1)}>
              {t("photos.before")}
            </button>
            <span aria-live="polite">{t("photos.place", { at: at + 1, count: last + 1 })}</span>
            <button type="button" className="plain" disabled={at === last} onClick={() => choose(at + 1)}>
              {t("photos.after")}
            </button>
          </p>
        )
      }
    >
      {photo !== undefined && <Picture key={photo.id} photo={photo} />}
      {photo === undefined && <p className="label">{t(isError || photos !== undefined ? "photos.unreadable" : "photos.reading")}</p>}
    </Panel>
  );
}
