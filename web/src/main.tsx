import "uplot/dist/uPlot.min.css";
import "./design/tokens.css";
import "./design/base.css";
import "./design/parts.css";
import "./design/chart.css";
import "./shell/shell.css";
import { type ReactNode, StrictMode, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { currentSession, subscribeToSession } from "./api/session.ts";
import { startTheme } from "./design/theme.ts";
import { pageOfMlflowAddress } from "./words/mlflow-address.ts";
import { SignedIn } from "./shell/signed-in.tsx";
import { SignIn } from "./shell/sign-in.tsx";

function App(): ReactNode {
  const session = useSyncExternalStore(subscribeToSession, currentSession);
  return session.kind === "signed-in" ? <SignedIn key={session.key} /> : <SignIn reason={session.reason} />;
}

/** MLflow clients print addresses of their own UI; they lead to the page of the same run here. */
function followMlflowAddress(): void {
  const page = pageOfMlflowAddress(location.hash);
  if (page !== null) history.replaceState(null, "", page);
}

startTheme();
followMlflowAddress();
const root = document.querySelector("#root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
