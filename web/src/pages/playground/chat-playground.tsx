import { type KeyboardEvent, type ReactNode, useState } from "react";
import { type ResourceSummary, useResources } from "../../api/resources.ts";
import { Panel } from "../../design/panel.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { ChatColumn } from "./chat-column.tsx";
import type { ChatSettings } from "./chat-turn.ts";
import { servedProtocol } from "./served-protocol.ts";
import { type Chat, useChat } from "./use-chat.ts";

const firstSettings: ChatSettings = { system: "", temperature: "", maxTokens: "256", stop: "" };

/** A chat with a deployment, or with two at once, which hear the same questions. */
export function ChatPlayground({ project, name }: { readonly project: string; readonly name: string }): ReactNode {
  const { state } = useUrlState();
  const other = state["with"] ?? "";
  const [settings, setSettings] = useState(firstSettings);
  const first = useChat(project, name);
  const second = useChat(project, other);
  const chats = other === "" ? [first] : [first, second];
  return (
    <div className="playground">
      <div className="stack">
        <div className={other === "" ? "stack" : "grid-2"}>
          <Panel title={name} flush>
            <ChatColumn name={name} turns={first.turns} />
          </Panel>
          {other !== "" && (
            <Panel title={other} flush>
              <ChatColumn name={other} turns={second.turns} />
            </Panel>
          )}
        </div>
        <Composer chats={chats} settings={settings} />
      </div>
      <Panel title="Settings">
        <div className="stack">
          <CompareWith project={project} name={name} />
          <SettingsForm settings={settings} onChange={setSettings} />
        </div>
      </Panel>
    </div>
  );
}

function Composer({
  chats,
  settings,
}: {
  readonly chats: readonly Chat[];
  readonly settings: ChatSettings;
}): ReactNode {
  const [question, setQuestion] = useState("");
  const isBusy = chats.some((chat) => chat.isBusy);
  const send = (): void => {
    if (isBusy || question.trim() === "") return;
    for (const chat of chats) chat.ask(question, settings);
    setQuestion("");
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        className="field"
        rows={3}
        aria-label="Question"
        placeholder="Ask something. Enter sends, Shift and Enter begin a new line."
        value={question}
        onChange={(event) => setQuestion(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="row spread">
        <button
          type="button"
          className="button quiet"
          disabled={isBusy || chats.every((chat) => chat.turns.length === 0)}
          onClick={() => {
            for (const chat of chats) chat.clear();
          }}
        >
          Begin anew
        </button>
        {isBusy ? (
          <button
            type="button"
            className="button"
            onClick={() => {
              for (const chat of chats) chat.abort();
            }}
          >
            Stop
          </button>
        ) : (
          <button type="submit" className="button primary" disabled={question.trim() === ""}>
            Send
          </button>
        )}
      </div>
    </form>
  );
}

function CompareWith({ project, name }: { readonly project: string; readonly name: string }): ReactNode {
  const { state, change } = useUrlState();
  const all = useResources("deployments", project);
  const others = (all.data ?? []).filter(
    (each: ResourceSummary) => each.name !== name && servedProtocol(each) === "openai",
  );
  return (
    <label className="stack tight">
      <h3>Compare with</h3>
      <select
        className="field"
        value={state["with"] ?? ""}
        onChange={(event) => change({ with: event.target.value === "" ? null : event.target.value })}
      >
        <option value="">nobody</option>
        {others.map((each) => (
          <option key={each.uid} value={each.name}>
            {each.name}
          </option>
        ))}
      </select>
    </label>
  );
}

function SettingsForm({
  settings,
  onChange,
}: {
  readonly settings: ChatSettings;
  readonly onChange: (settings: ChatSettings) => void;
}): ReactNode {
  const text = (member: keyof ChatSettings, label: string, placeholder: string, rows: number): ReactNode => (
    <label className="stack tight">
      <h3>{label}</h3>
      {rows === 1 ? (
        <input
          className="field"
          inputMode="decimal"
          placeholder={placeholder}
          value={settings[member]}
          onChange={(event) => onChange({ ...settings, [member]: event.target.value })}
        />
      ) : (
        <textarea
          className="field"
          rows={rows}
          placeholder={placeholder}
          value={settings[member]}
          onChange={(event) => onChange({ ...settings, [member]: event.target.value })}
        />
      )}
    </label>
  );
  return (
    <>
      {text("system", "System prompt", "none", 4)}
      {text("temperature", "Temperature", "as the server chooses", 1)}
      {text("maxTokens", "Tokens at most", "as the server chooses", 1)}
      {text("stop", "Stop at (one text a line)", "nothing", 2)}
    </>
  );
}
