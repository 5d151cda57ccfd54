import { type KeyboardEvent, type ReactNode, useState } from "react";
import { type ResourceSummary, useResources } from "../../api/resources.ts";
import { Panel } from "../../design/panel.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { ChatColumn } from "./chat-column.tsx";
import { otherChats, type PartnerChoice, partnerOf, partnerTitle, versionChoices } from "./chat-partner.ts";
import type { ChatSettings } from "./chat-turn.ts";
import { type Chat, useChat } from "./use-chat.ts";

const firstSettings: ChatSettings = { system: "", temperature: "", maxTokens: "256", stop: "" };

/** A chat with a deployment, or with two partners at once, which hear the same questions: deployments, or versions of them. */
export function ChatPlayground({
  project,
  deployment,
}: {
  readonly project: string;
  readonly deployment: ResourceSummary;
}): ReactNode {
  const { state } = useUrlState();
  const versions = versionChoices(deployment);
  const asked = partnerOf(state["version"] ?? deployment.name);
  const other = partnerOf(state["with"] ?? "");
  const [settings, setSettings] = useState(firstSettings);
  const first = useChat({ project, ...asked });
  const second = useChat({ project, ...other });
  const isAlone = other.name === "";
  const chats = isAlone ? [first] : [first, second];
  return (
    <div className="playground">
      <div className="stack">
        <div className={isAlone ? "stack" : "grid-2"}>
          <Panel title={partnerTitle(asked)} flush>
            <ChatColumn name={partnerTitle(asked)} turns={first.turns} />
          </Panel>
          {!isAlone && (
            <Panel title={partnerTitle(other)} flush>
              <ChatColumn name={partnerTitle(other)} turns={second.turns} />
            </Panel>
          )}
        </div>
        <Composer chats={chats} settings={settings} />
      </div>
      <Panel title="Settings">
        <div className="stack">
          <PartnerSelect name="version" label="Version" nobody="by traffic split" choices={versions} />
          <CompareWith project={project} name={deployment.name} versions={versions} />
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

function CompareWith({
  project,
  name,
  versions,
}: {
  readonly project: string;
  readonly name: string;
  readonly versions: readonly PartnerChoice[];
}): ReactNode {
  const all = useResources("deployments", project);
  const own = versions.map(({ value, label }) => ({ value, label: `${name} ${label}` }));
  return (
    <PartnerSelect
      name="with"
      label="Compare with"
      nobody="nobody"
      choices={[...own, ...otherChats(all.data ?? [], name)]}
    />
  );
}

/** A choice that stands in the page's address; one that is no longer offered is shown all the same. */
function PartnerSelect({
  name,
  label,
  nobody,
  choices,
}: {
  readonly name: string;
  readonly label: string;
  readonly nobody: string;
  readonly choices: readonly PartnerChoice[];
}): ReactNode {
  const { state, change } = useUrlState();
  const chosen = state[name] ?? "";
  const isGone = chosen !== "" && !choices.some((each) => each.value === chosen);
  return (
    <label className="stack tight">
      <h3>{label}</h3>
      <select
        className="field"
        value={chosen}
        onChange={(event) => change({ [name]: event.target.value === "" ? null : event.target.value })}
      >
        <option value="">{nobody}</option>
        {choices.map(({ value, label: words }) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
        {isGone && <option value={chosen}>{partnerTitle(partnerOf(chosen))} (not served now)</option>}
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
