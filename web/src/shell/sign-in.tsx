import { type ReactNode, useState } from "react";
import { signIn } from "../api/session.ts";
import { Command } from "../design/command.tsx";
import { WheelMark } from "./icons.tsx";

/** Asks for an API key; says why when an earlier key was refused. */
export function SignIn({ reason }: { readonly reason: string | null }): ReactNode {
  const [key, setKey] = useState("");
  const submit = (): void => {
    if (key.trim() !== "") signIn(key.trim());
  };
  return (
    <div className="sign-in">
      <form
        className="panel"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <div className="row">
          <WheelMark />
          <h1>Millwright</h1>
        </div>
        <p className="muted">
          Paste an API key to sign in; it stays in this browser. The server's first start wrote the admin's key into its
          data directory:
        </p>
        <div>
          <Command text="cat ~/.millwright/admin.key" />
        </div>
        <p className="muted">A key for another person:</p>
        <div>
          <Command text="millwright key create ada" />
        </div>
        {reason !== null && (
          <div className="notice bad soft" role="alert">
            <strong>{reason}</strong>
            <p>
              The key was removed from this browser. Paste one that is valid, or ask an administrator for a new one.
            </p>
          </div>
        )}
        <label>
          <span className="visually-hidden">API key</span>
          <input
            className="field"
            type="password"
            name="key"
            autoComplete="current-password"
            placeholder="API key"
            value={key}
            onChange={(event) => setKey(event.target.value)}
          />
        </label>
        <button type="submit" className="button primary" disabled={key.trim() === ""}>
          Sign in
        </button>
      </form>
    </div>
  );
}
