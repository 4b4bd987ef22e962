import { useState, type ReactElement } from "react";

import { unshelveCase } from "../api/commands";
import { useShelved, type ShelvedCase } from "../api/deskQueries";
import { useLiveCases } from "../api/queries";
import { attempt } from "../desk/actions";
import { useSeat } from "../desk/context";
import { openCase, useDesk } from "../desk/state";
import { Mark } from "../look/Mark";
import { useTexts } from "../texts/texts";
import { instant, span } from "../time/format";
import { nameOf, titleOf, whoAndWhat } from "./wording";

function Aside({ shelved }: { shelved: ShelvedCase }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const { mayAct } = useSeat();
  const now = useDesk((state) => state.nowMs);
  const stale = useDesk((state) => state.link === "stale");
  const { case: item } = shelved;
  const left = (instant(shelved.until) ?? 0) - (now ?? 0);
  return (
    <li>
      <button type="button" className="shelved-open" onClick={() => openCase(item.id)}>
        <Mark priority={item.priority} size={18} />
        <span>
          {titleOf(item, texts)} · {nameOf(item, texts)}
        </span>
        <span className="label">{t("shelved.by", { name: shelved.by, reason: shelved.reason })}</span>
        <span className="shelved-left">{now === null ? t("none") : t("shelved.left", { span: span(left) })}</span>
      </button>
      {mayAct && (
        <button
          type="button"
          className="plain"
          disabled={stale}
          aria-label={t("shelved.back_of", { name: whoAndWhat(item, texts) })}
          onClick={() => void attempt(() => unshelveCase(item.id))}
        >
          {t("shelved.back")}
        </button>
      )}
    </li>
  );
}

/** What was set aside: its number always, who, why and until when on demand. Nothing set aside forgets itself. */
export function Shelved(): ReactElement | null {
  const { t } = useTexts();
  const live = useLiveCases();
  const [open, setOpen] = useState(false);
  const count = [...live.values()].filter((item) => item.shelved_until !== null).length;
  const { data: items = [], isError } = useShelved(open && count > 0);
  if (count === 0) return null;
  return (
    <section className="shelved" aria-label={t("shelved.list")}>
      <button type="button" className="fold" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span>{t("shelved.title", { count })}</span>
        <b>{t(open ? "queue.fold" : "queue.unfold")}</b>
      </button>
      {open && (
        <ul tabIndex={0} aria-label={t("shelved.list")}>
          {isError && <li className="label">{t("due.unread")}</li>}
          {items.map((shelved) => (
            <Aside key={shelved.case.id} shelved={shelved} />
          ))}
        </ul>
      )}
    </section>
  );
}
