import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { Panel } from "../../design/panel.tsx";
import { loadPlanSchema } from "./load-plan-schema.ts";
import { openPlan } from "./open-plan.ts";
import { type PlanProblem, readPlan } from "./plan-document.ts";
import type { HeldPlan } from "./use-held-plan.ts";

/** As many lines as leave the answer in sight; the pane can be drawn larger. */
const rowsShown = 13;

/**
 * The whole plan as YAML, beside the controls and kept in step with them: what is typed here moves them, and what they move is
 * written here. A plan with problems is not asked; the last good one stays.
 *
 * @param text the plan that the page holds, or that the controls amount to.
 */
export function PlanEditor({ text, held }: { readonly text: string; readonly held: HeldPlan }): ReactNode {
  // What was typed holds until the plan changes, by this hand or another's.
  const [draft, setDraft] = useState<{ readonly over: string; readonly typed: string } | null>(null);
  const [lacking, setLacking] = useState<string | null>(null);
  const shown = draft?.over === text ? draft.typed : text;
  const problems = useProblems(shown);
  const type = (next: string): void => {
    setDraft({ over: text, typed: next });
    if (next.trim() !== "" && readPlan(next).problems.length === 0) held.put(next);
  };
  const open = async (files: readonly File[]): Promise<void> => {
    const opened = await openPlan(shown, files);
    setLacking(opened.lacking);
    if (opened.text !== shown) type(opened.text);
  };
  return (
    <Panel title="The whole plan" note={held.text === undefined ? "as the controls say it" : "edited"}>
      <div
        className="stack tight"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          void open([...event.dataTransfer.files]);
        }}
      >
        <div className="row wrap">
          <FilePicker onFiles={(files) => void open(files)} />
          {held.text !== undefined && (
            <button type="button" className="button small" onClick={() => held.put(null)}>
              Back to the controls
            </button>
          )}
          <span className="muted">Every field of plan.yaml; the page asks again as you type.</span>
        </div>
        <textarea
          className="field mono plan-text"
          aria-label="The plan as YAML"
          aria-invalid={problems.length > 0}
          spellCheck={false}
          rows={rowsShown}
          value={shown}
          onChange={(event) => type(event.target.value)}
        />
        {held.problem !== null && <Notice>{held.problem}</Notice>}
        {lacking !== null && (
          <Notice>
            The plan names the trace {lacking}, which lies beside it: open or drop both files together, or the trace
            alone now.
          </Notice>
        )}
        {!held.isShared && (
          <p className="notice soft">
            This plan is too long for an address: it is asked here, and its link cannot be copied. YAML takes it along.
          </p>
        )}
        <Problems problems={problems} />
      </div>
    </Panel>
  );
}

function Notice({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <p className="notice bad soft" role="alert">
      {children}
    </p>
  );
}

/** Opens a plan, and the trace that lies beside it. */
function FilePicker({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }): ReactNode {
  const file = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" className="button small" onClick={() => file.current?.click()}>
        Open files
      </button>
      <input
        ref={file}
        type="file"
        accept=".yaml,.yml,.csv,.txt,.json"
        multiple
        hidden
        aria-label="A plan"
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
    </>
  );
}

function Problems({ problems }: { readonly problems: readonly PlanProblem[] }): ReactNode {
  if (problems.length === 0) return null;
  return (
    <ul className="plan-problems" aria-label="What is wrong with the plan" role="alert">
      {problems.map(({ line, message }) => (
        <li key={`${line} ${message}`}>
          <span className="mono">line {line}</span> {message}
        </li>
      ))}
    </ul>
  );
}

/** Problems of YAML at once, those of the schema once it is loaded. */
function useProblems(text: string): readonly PlanProblem[] {
  const document = useMemo(() => readPlan(text), [text]);
  const [found, setFound] = useState<{ readonly text: string; readonly problems: readonly PlanProblem[] } | null>(null);
  useEffect(() => {
    if (document.problems.length > 0) return undefined;
    let isOver = false;
    void loadPlanSchema().then(({ checkPlan }) => {
      if (!isOver) setFound({ text, problems: checkPlan(document) });
      return undefined;
    });
    return () => {
      isOver = true;
    };
  }, [document, text]);
  if (document.problems.length > 0) return document.problems;
  return found?.text === text ? found.problems : [];
}
