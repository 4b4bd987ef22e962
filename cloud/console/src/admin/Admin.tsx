import type { ReactElement } from "react";
import { Link, Navigate, NavLink, Route, Routes } from "react-router";

import { answered, api, rememberCsrf } from "../api/client";
import { queries } from "../api/queries";
import { useSeat } from "../desk/context";
import { useTheme } from "../look/theme";
import { switchLanguage, useTexts, type Key } from "../texts/texts";
import "./admin.css";
import { Areas } from "./Areas";
import { Device, Devices, NewDevice } from "./Devices";
import { Home, Homes, NewHome } from "./Homes";
import { Import } from "./Import";
import { NewResident, Resident } from "./Resident";
import { Residents } from "./Residents";
import { Member, NewMember, Staff } from "./Staff";

const PARTS: readonly (readonly [string, Key])[] = [
  ["residents", "admin.residents"],
  ["homes", "admin.homes"],
  ["devices", "admin.devices"],
  ["staff", "admin.staff"],
  ["areas", "admin.areas"],
  ["import", "admin.import"],
];

function leave(): void {
  rememberCsrf("");
  queries.removeQueries({ queryKey: ["admin"] });
  queries.setQueryData(["session"], null);
}

function Head(): ReactElement {
  const { t, language } = useTexts();
  const { user, config } = useSeat();
  const { theme, next } = useTheme(config.night, config.time_zone);
  const other = language === "zh" ? "en" : "zh";
  return (
    <header className="top">
      <h1>{t("admin.title")}</h1>
      <nav aria-label={t("admin.nav")} className="parts">
        {PARTS.map(([path, label]) => (
          <NavLink key={path} to={`/admin/${path}`}>
            {t(label)}
          </NavLink>
        ))}
      </nav>
      <div className="top-right">
        <Link className="to-desk" to="/">
          {t("admin.desk")}
        </Link>
        <span className="seat">
          {t("admin.role_admin")} <b>{user.name}</b>
        </span>
        <button type="button" className="plain" onClick={() => void answered(api.DELETE("/api/v1/session")).then(leave, leave)}>
          {t("admin.sign_out")}
        </button>
        <button type="button" className="plain" title={t("top.theme_hint")} onClick={next}>
          {t(`top.theme.${theme}`)}
        </button>
        <button
          type="button"
          className="plain"
          lang={other === "zh" ? "zh-CN" : "en"}
          title={t("top.other_language_name")}
          onClick={() => switchLanguage(other)}
        >
          {t("top.other_language")}
        </button>
      </div>
    </header>
  );
}

/** What is registered: people, homes, equipment, staff, areas; and registers from files. */
export function Admin(): ReactElement {
  return (
    <div className="admin">
      <Head />
      <main className="admin-page" tabIndex={0}>
        <Routes>
          <Route index element={<Navigate to="residents" replace />} />
          <Route path="residents" element={<Residents />} />
          <Route path="residents/new" element={<NewResident />} />
          <Route path="residents/:id" element={<Resident />} />
          <Route path="homes" element={<Homes />} />
          <Route path="homes/new" element={<NewHome />} />
          <Route path="homes/:id" element={<Home />} />
          <Route path="devices" element={<Devices />} />
          <Route path="devices/new" element={<NewDevice />} />
          <Route path="devices/:id" element={<Device />} />
          <Route path="staff" element={<Staff />} />
          <Route path="staff/new" element={<NewMember />} />
          <Route path="staff/:id" element={<Member />} />
          <Route path="areas" element={<Areas />} />
          <Route path="import" element={<Import />} />
          <Route path="*" element={<Navigate to="/admin" replace />} />
        </Routes>
      </main>
    </div>
  );
}
