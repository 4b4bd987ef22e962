/** START HERE: look and language first, then the page. */
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { queries } from "./api/queries";
import { App } from "./App";
import "./look/tokens.css";
import "./look/base.css";
import { startTheme } from "./look/theme";
import { startPhone } from "./phone/shell";
import { startTexts } from "./texts/texts";

startTheme();
startPhone();
startTexts();

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
