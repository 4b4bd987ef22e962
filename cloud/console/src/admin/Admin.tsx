import type { ReactElement } from "react";
import { Link, Navigate, NavLink, Route, Routes } from "react-router";

import { useSeat } from "../desk/context";
import { LanguageSwitch, ThemeSwitch } from "../look/Switches";
import { signOut } from "../signin/signOut";
import { useTexts, type Key } from "../texts/texts";
import "./admin.css";
import { Areas } from "./Areas";
import { Device, Devices, NewDevice } from "./Devices";
import { FamilyAccess } from "./Family";
import { Gateway } from "./Gateways";
import { Home, Homes, NewHome } from "./Homes";
import { Import } from "./Import";
import { NewResident, Resident } from "./Resident";
import { Residents } from "./Residents";
import { Screens } from "./Screens";
import { Member, NewMember, Staff } from "./Staff";

const PARTS: readonly (readonly [string, Key])[] = [
  ["residents", "admin.residents"],
  ["homes", "admin.homes"],
  ["devices", "admin.devices"],
  ["staff", "admin.staff"],
  ["family", "kin.access"],
  ["areas", "admin.areas"],
  ["screens", "admin.screens"],
  ["import", "admin.import"],
];

function Head(): ReactElement {
  const { t } = useTexts();
  const { user } = useSeat();
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
          {t("role.admin")} <b>{user.name}</b>
        </span>
        <button type="button" className="plain" onClick={signOut}>
          {t("admin.sign_out")}
        </button>
        <ThemeSwitch />
        <LanguageSwitch />
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
          <Route path="gateways/:id" element={<Gateway />} />
          <Route path="staff" element={<Staff />} />
          <Route path="staff/new" element={<NewMember />} />
          <Route path="staff/:id" element={<Member />} />
          <Route path="family" element={<FamilyAccess />} />
          <Route path="areas" element={<Areas />} />
          <Route path="screens" element={<Screens />} />
          <Route path="import" element={<Import />} />
          <Route path="*" element={<Navigate to="/admin" replace />} />
        </Routes>
      </main>
    </div>
  );
}
