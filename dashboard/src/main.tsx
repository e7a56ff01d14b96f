import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { applyColorMode, applyTheme, readColorMode, readConfig } from "./config.ts";
import { dropOldDrafts } from "./form/drafts.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/components.css";
import "./styles/pages.css";

const config = readConfig();
applyTheme(config.theme);
applyColorMode(readColorMode());
dropOldDrafts(Date.now());
document.title = config.title;

const root = document.getElementById("app");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App config={config} />
    </StrictMode>,
  );
}
