import { type ReactNode, useState } from "react";
import {
  type ModelMetadata,
  sendTensors,
  type TensorAnswer,
  type TensorShape,
  useModelMetadata,
} from "../../api/invoke.ts";
import { EmptyState } from "../../design/empty-state.tsx";
import { FailureNotice } from "../../design/failure-notice.tsx";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { formatSpan } from "../../words/numbers.ts";
import { answerRows, exampleText, tensorRequest } from "./tensor-request.ts";

/** Rows of an answer that are shown. */
const rowsShown = 200;

/** A form for a model's tensors, made from what it says of itself. */
export function TensorPlayground({ project, name }: { readonly project: string; readonly name: string }): ReactNode {
  const query = useModelMetadata(project, name);
  return (
    <QueryView query={query} skeletonLines={8}>
      {(metadata) => <TensorForm project={project} name={name} metadata={metadata} />}
    </QueryView>
  );
}

/** What was sent to one version, or to whichever the split chose. */
interface Sent {
  readonly version: string | null;
  readonly answer: TensorAnswer | null;
  readonly error: unknown;
}

function TensorForm({
  project,
  name,
  metadata,
}: {
  readonly project: string;
  readonly name: string;
  readonly metadata: ModelMetadata;
}): ReactNode {
  const [versions, setVersions] = useState("");
  const [sent, setSent] = useState<readonly Sent[]>([]);
  const [isBusy, setBusy] = useState(false);
  const send = async (body: string): Promise<void> => {
    setBusy(true);
    const asked = versions === "*" ? metadata.versions : [versions === "" ? null : versions];
    setSent(await Promise.all(asked.map((version) => sendTo({ project, name, version }, body))));
    setBusy(false);
  };
  return (
    <div className="grid-2">
      <RequestPanel inputs={metadata.inputs} isBusy={isBusy} onSend={(body) => void send(body)}>
        <VersionChoice versions={metadata.versions} chosen={versions} onChange={setVersions} />
      </RequestPanel>
      <div className="stack">
        {sent.length === 0 && (
          <Panel title="Answer">
            <EmptyState title="Nothing was sent yet">The answer is shown here, row by row.</EmptyState>
          </Panel>
        )}
        {sent.map((each) => (
          <AnswerPanel key={each.version ?? ""} sent={each} />
        ))}
      </div>
    </div>
  );
}

/** What is sent, field by field or as JSON. */
function RequestPanel({
  inputs,
  isBusy,
  onSend,
  children,
}: {
  readonly inputs: readonly TensorShape[];
  readonly isBusy: boolean;
  readonly onSend: (body: string) => void;
  readonly children: ReactNode;
}): ReactNode {
  const [texts, setTexts] = useState(() => Object.fromEntries(inputs.map((each) => [each.name, exampleText(each)])));
  const [json, setJson] = useState<string | null>(null);
  const made = tensorRequest(inputs, texts);
  const body = json ?? (made.kind === "body" ? made.body : null);
  const toggle = (
    <button
      type="button"
      className="button small"
      disabled={body === null}
      onClick={() => setJson(json === null ? body : null)}
    >
      {json === null ? "Edit as JSON" : "Back to the form"}
    </button>
  );
  return (
    <Panel title="Request" note={inputs.length === 1 ? "1 input" : `${inputs.length} inputs`} actions={toggle}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (body !== null) onSend(body);
        }}
      >
        {json === null &&
          inputs.map((input) => (
            <TensorField
              key={input.name}
              input={input}
              text={texts[input.name] ?? ""}
              wrong={made.kind === "wrong" && made.input === input.name ? made.message : null}
              onChange={(text) => setTexts({ ...texts, [input.name]: text })}
            />
          ))}
        {json !== null && <JsonEditor json={json} onChange={setJson} />}
        <div className="row spread wrap">
          {children}
          <button type="submit" className="button primary" disabled={isBusy || body === null}>
            {isBusy ? "Sending…" : "Send"}
          </button>
        </div>
      </form>
    </Panel>
  );
}

function JsonEditor({
  json,
  onChange,
}: {
  readonly json: string;
  readonly onChange: (json: string) => void;
}): ReactNode {
  return (
    <textarea
      className="field mono"
      rows={18}
      aria-label="Request as JSON"
      value={json}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

async function sendTo(
  place: { readonly project: string; readonly name: string; readonly version: string | null },
  body: string,
): Promise<Sent> {
  const limit = AbortSignal.timeout(60_000);
  try {
    return { version: place.version, answer: await sendTensors(place, body, limit), error: null };
  } catch (error) {
    return { version: place.version, answer: null, error };
  }
}

function TensorField({
  input,
  text,
  wrong,
  onChange,
}: {
  readonly input: TensorShape;
  readonly text: string;
  readonly wrong: string | null;
  readonly onChange: (text: string) => void;
}): ReactNode {
  const isSmall = input.shape.length <= 1;
  return (
    <label className="stack tight">
      <span className="row spread">
        <strong>{input.name}</strong>
        <code className="muted">
          {input.datatype} [{input.shape.map((size) => (size < 0 ? "any" : size)).join(", ")}]
        </code>
      </span>
      <textarea
        className="field mono"
        rows={isSmall ? 1 : 3}
        aria-invalid={wrong !== null}
        value={text}
        onChange={(event) => onChange(event.target.value)}
      />
      {wrong !== null && <span className="bad">{wrong}</span>}
    </label>
  );
}

function VersionChoice({
  versions,
  chosen,
  onChange,
}: {
  readonly versions: readonly string[];
  readonly chosen: string;
  readonly onChange: (version: string) => void;
}): ReactNode {
  if (versions.length < 2) return <span />;
  return (
    <select className="field" aria-label="Version" value={chosen} onChange={(event) => onChange(event.target.value)}>
      <option value="">by the traffic split</option>
      <option value="*">all versions, side by side</option>
      {versions.map((version) => (
        <option key={version} value={version}>
          version {version}
        </option>
      ))}
    </select>
  );
}

function AnswerPanel({ sent }: { readonly sent: Sent }): ReactNode {
  const { answer, error, version } = sent;
  const served = answer?.version ?? version;
  const title = served === null ? "Answer" : `Answer of version ${served}`;
  if (answer === null) {
    return (
      <Panel title={title}>
        <FailureNotice error={error} />
      </Panel>
    );
  }
  const rows = answerRows(answer.outputs);
  return (
    <Panel title={title} note={formatSpan(answer.tookMs)} flush>
      <div className="scroll">
        <table className="rows">
          <thead>
            <tr>
              <th className="number">Row</th>
              {answer.outputs.map((output) => (
                <th key={output.name}>
                  {output.name} <span className="faint">{output.datatype}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, rowsShown).map((row, place) => (
              <tr key={place}>
                <td className="number faint">{place}</td>
                {row.map((text, column) => (
                  <td key={answer.outputs[column]?.name ?? column} className="mono">
                    {text}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > rowsShown && (
        <p className="muted table-note">{`${rows.length - rowsShown} more rows are in the answer`}</p>
      )}
      <details className="table-note">
        <summary className="muted">As JSON</summary>
        <pre>{answer.text.slice(0, 20_000)}</pre>
      </details>
    </Panel>
  );
}
