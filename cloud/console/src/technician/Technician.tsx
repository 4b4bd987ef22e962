/** The technician's page: find the home, then prove each step of it. One thumb: what comes next is in the bar below. */
import { type ReactElement } from "react";
import { Route, Routes } from "react-router";

import { Find } from "./Find";
import { Walk } from "./Walk";
import "./technician.css";

export function Technician(): ReactElement {
  return (
    <Routes>
      <Route index element={<Find />} />
      <Route path=":id" element={<Walk />} />
    </Routes>
  );
}
