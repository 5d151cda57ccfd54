import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { Panel } from "../../design/panel.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { loadPlanSchema } from "./load-plan-schema.ts";
import { type PlanProblem, planTextMax, readPlan } from "./plan-document.ts";

/** As many lines as leave the answer in sight; the pane can be drawn larger. */
const rowsShown = 13;

/**
 * The whole plan as YAML, beside the controls and kept in step with them: what is typed here moves them, and what they move is
 * written here. A plan with problems is not asked; the last good one stays.
 *
 * @param text the plan that the address holds, or that the controls amount to.
 */
export function PlanEditor({ text }: { readonly text: string }): ReactNode {
  const { state, change } = useUrlState();
  // What was typed holds until the address changes, by this hand or another's.
  const [draft, setDraft] = useState<{ readonly over: string; readonly typed: string } | null>(null);
  const shown = draft?.over === text ? draft.typed : text;
  const problems = useProblems(shown);
  const file = useRef<HTMLInputElement>(null);
  const type = (next: string): void => {
    setDraft({ over: text, typed: next });
    if (next.trim() === "") return;
    const isSound = readPlan(next).problems.length === 0 && encodeURIComponent(next).length <= planTextMax;
    if (isSound) change({ plan: next });
  };
  const isTooLong = encodeURIComponent(shown).length > planTextMax;
  return (
    <Panel title="The whole plan" note={state["plan"] === undefined ? "as the controls say it" : "edited"}>
      <div className="stack tight">
        <div className="row wrap">
          <button type="button" className="button small" onClick={() => file.current?.click()}>
            Open a file
          </button>
          {state["plan"] !== undefined && (
            <button type="button" className="button small" onClick={() => change({ plan: null })}>
              Back to the controls
            </button>
          )}
          <span className="muted">Every field of plan.yaml; the page asks again as you type.</span>
        </div>
        <input
          ref={file}
          type="file"
          accept=".yaml,.yml"
          hidden
          aria-label="A plan"
          onChange={(event) => {
            const [chosen] = event.target.files ?? [];
            if (chosen !== undefined) void chosen.text().then(type);
            event.target.value = "";
          }}
        />
        <textarea
          className="field mono plan-text"
          aria-label="The plan as YAML"
          aria-invalid={problems.length > 0}
          spellCheck={false}
          rows={rowsShown}
          value={shown}
          onChange={(event) => type(event.target.value)}
        />
        {isTooLong && (
          <p className="notice bad soft" role="alert">
            This plan is too long for an address ({planTextMax.toLocaleString("en-US")} characters); plan it with
            millwright plan -f.
          </p>
        )}
        <Problems problems={problems} />
      </div>
    </Panel>
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
