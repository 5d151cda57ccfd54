import { type ReactNode, useState } from "react";
import type { LoadTestState } from "../../../../src/serving/loadtest/model.ts";
import { useLoadTest, useLoadTestControl } from "../../api/deployment-load.ts";
import { EmptyState } from "../../design/empty-state.tsx";
import { FailureNotice } from "../../design/failure-notice.tsx";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { When } from "../../design/when.tsx";
import { formatCount, formatFigure, formatSpan } from "../../words/numbers.ts";
import { firstLoadTest, type LoadTestForm, loadTestAsk } from "./load-test-form.ts";
import { LoadTestResult } from "./load-test-result.tsx";

/** Runs a bounded load test of the deployment in the server and shows what it found. */
export function LoadTestPanel({
  project,
  name,
  isChat,
}: {
  readonly project: string;
  readonly name: string;
  readonly isChat: boolean;
}): ReactNode {
  const query = useLoadTest(project, name);
  const { start, end } = useLoadTestControl(project, name);
  const [form, setForm] = useState<LoadTestForm | null>(null);
  const isRunning = query.data?.kind === "running";
  return (
    <Panel
      title="Load test"
      note="open loop, Poisson arrivals; spans begin when a request was due"
      actions={
        isRunning ? (
          <button type="button" className="button small" disabled={end.isPending} onClick={() => end.mutate()}>
            Stop
          </button>
        ) : (
          <button
            type="button"
            className="button small"
            aria-expanded={form !== null}
            onClick={() => setForm(form === null ? firstLoadTest : null)}
          >
            Load test…
          </button>
        )
      }
    >
      <div className="stack">
        {form !== null && !isRunning && (
          <LoadTestFields
            form={form}
            isChat={isChat}
            isBusy={start.isPending}
            onChange={setForm}
            onStart={() => start.mutate(loadTestAsk(form, isChat), { onSuccess: () => setForm(null) })}
          />
        )}
        {start.error !== null && <FailureNotice error={start.error} />}
        <QueryView query={query} skeletonLines={2}>
          {(state) => (state.kind === "none" && form !== null ? null : <LoadTestView state={state} name={name} />)}
        </QueryView>
      </div>
    </Panel>
  );
}

function LoadTestView({ state, name }: { readonly state: LoadTestState; readonly name: string }): ReactNode {
  if (state.kind === "running") return <LoadTestProgress state={state} />;
  if (state.kind === "none") {
    return (
      <EmptyState title="No load test yet" command={`millwright loadtest ${name} --rate 2 --duration 30s`}>
        A short one runs in the server; longer ones from a machine of your own.
      </EmptyState>
    );
  }
  return (
    <>
      <p className="muted">
        {state.by} let {formatFigure(state.shape.rate)} requests a second come for {formatSpan(state.shape.durationMs)},{" "}
        <When at={state.startedAt} />.
      </p>
      {state.report === null ? <p className="bad">{state.failure}</p> : <LoadTestResult report={state.report} />}
    </>
  );
}

function LoadTestProgress({
  state,
}: {
  readonly state: Extract<LoadTestState, { readonly kind: "running" }>;
}): ReactNode {
  const { progress, shape } = state;
  return (
    <div className="stack tight">
      <progress aria-label="Load test" value={progress?.elapsedMs ?? 0} max={shape.durationMs} />
      <div className="row wrap">
        <StateBadge state="running" />
        <span className="muted">
          {progress === null
            ? "it starts"
            : [
                `${formatCount(progress.due)} due`,
                `${formatCount(progress.done)} done`,
                `${formatCount(progress.failed)} failed`,
                `${formatCount(progress.inFlight)} in flight`,
                ...(progress.waiting > 0 ? [`${formatCount(progress.waiting)} wait to be sent`] : []),
                ...(progress.ttftP50Ms === null ? [] : [`first token ${formatSpan(progress.ttftP50Ms)}`]),
              ].join(" · ")}
        </span>
      </div>
    </div>
  );
}

interface FieldWords {
  readonly member: keyof LoadTestForm;
  readonly label: string;
  readonly isForChats?: boolean;
}

const fields: readonly FieldWords[] = [
  { member: "rate", label: "Requests a second" },
  { member: "seconds", label: "Seconds" },
  { member: "inputTokens", label: "Tokens of a prompt", isForChats: true },
  { member: "outputTokens", label: "Tokens of an answer", isForChats: true },
  { member: "prefixes", label: "Shared beginnings", isForChats: true },
  { member: "prefixTokens", label: "Tokens of each", isForChats: true },
  { member: "turns", label: "Turns", isForChats: true },
  { member: "ttftMs", label: "Good: first token, ms", isForChats: true },
  { member: "tpotMs", label: "Good: each token, ms", isForChats: true },
  { member: "endToEndMs", label: "Good: whole answer, ms" },
];

function LoadTestFields({
  form,
  isChat,
  isBusy,
  onChange,
  onStart,
}: {
  readonly form: LoadTestForm;
  readonly isChat: boolean;
  readonly isBusy: boolean;
  readonly onChange: (form: LoadTestForm) => void;
  readonly onStart: () => void;
}): ReactNode {
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onStart();
      }}
    >
      <div className="load-test-fields">
        {fields
          .filter((field) => isChat || field.isForChats !== true)
          .map(({ member, label }) => (
            <label key={member} className="stack tight">
              <h3>{label}</h3>
              <input
                className="field"
                value={form[member]}
                onChange={(event) => onChange({ ...form, [member]: event.target.value })}
              />
            </label>
          ))}
      </div>
      <div className="row spread wrap">
        <span className="faint">Tokens are written 256, 64..512, normal(256,64) or exp(256).</span>
        <button type="submit" className="button primary" disabled={isBusy}>
          Start
        </button>
      </div>
    </form>
  );
}
