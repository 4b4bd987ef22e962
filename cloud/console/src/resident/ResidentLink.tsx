import { useEffect, type ReactElement } from "react";
import { Navigate, useParams } from "react-router";

import { look } from "./state";

/** `/resident/:id`: the desk with this elder, where no case is open. */
export function ResidentLink(): ReactElement {
  const id = useParams()["*"] ?? "";
  useEffect(() => {
    if (/^[0-9a-f-]{36}$/.test(id)) look("resident", id);
  }, [id]);
  return <Navigate to="/" replace />;
}
