import type { Block, Section } from "../../../../src/planning/report/model.ts";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import { ApiFailure } from "../../api/client.ts";
import { type PlanningAnswer, useCatalog, usePlanningAnswer } from "../../api/planning.ts";
import type { Fields } from "../../api/reading.ts";
import { FailureNotice } from "../../design/failure-notice.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { SkeletonLines } from "../../design/skeleton.tsx";
import { useDebounced } from "../../design/use-debounced.ts";
import { useUrlState } from "../../design/use-url-state.ts";
import { formatCount } from "../../words/numbers.ts";
import { AskingNotice } from "./asking-notice.tsx";
import { ControlFields } from "./control-fields.tsx";
import { type ControlSource, ControlSourceContext } from "./control-source.ts";
import { controlsOf, type PlanningView, planningViews } from "./controls.ts";
import { ExportButtons } from "./export-buttons.tsx";
import { Headline } from "./headline.tsx";
import { CumulativePlot, DemandPlot, FrontierPlot, StepParts, TornadoPlot, TracePlot } from "./live-plots.tsx";
import { controlsOfPlan, planWith, writePlan } from "./plan-document.ts";
import { PlanEditor } from "./plan-editor.tsx";
import "./planning.css";
import { questionOf } from "./question.ts";
import { SectionPanel } from "./report-view.tsx";
import { SiteView } from "./site-view.tsx";
import { type HeldPlan, useHeldPlan } from "./use-held-plan.ts";

/** The view that asks nothing: what was predicted here, and what came. */
const siteView = "site";

const labels: Readonly<Record<PlanningView | typeof siteView, string>> = {
  fleet: "Fleet",
  training: "Training run",
  serving: "Served model",
  cost: "Buy or rent",
  advice: "Which GPU",
  site: "This site",
};

const shownViews = [...planningViews, siteView] as const;

/** How long a control rests before the planner is asked. */
const restMs = 120;

function viewOf(text: string | undefined): PlanningView {
  return planningViews.find((view) => view === text) ?? "fleet";
}

/** What to buy next, for what, and how wrong that may be: the whole question lives in the address. */
export function PlanningPage(): ReactNode {
  const { state } = useUrlState();
  if (state["view"] === siteView) {
    return (
      <>
        <PageHead title="Planning" />
        <Views shown={siteView} />
        <SiteView />
      </>
    );
  }
  return <AskedView view={viewOf(state["view"])} />;
}

function Views({ shown }: { readonly shown: PlanningView | typeof siteView }): ReactNode {
  return (
    <nav className="views planning-views" aria-label="Views of planning">
      {shownViews.map((each) => (
        <Link
          key={each}
          to="/planning"
          search={each === "fleet" ? {} : { view: each }}
          activeOptions={{ exact: true }}
          aria-current={shown === each ? "page" : undefined}
        >
          {labels[each]}
        </Link>
      ))}
    </nav>
  );
}

/** A view that asks the planner what its controls, or its plan, say. */
function AskedView({ view }: { readonly view: PlanningView }): ReactNode {
  const held = useHeldPlan();
  if (view === "fleet" && held.isOpening) {
    return (
      <>
        <PageHead title="Planning" />
        <Views shown={view} />
        <SkeletonLines count={10} />
      </>
    );
  }
  return <Asked view={view} held={held} />;
}

function Asked({ view, held }: { readonly view: PlanningView; readonly held: HeldPlan }): ReactNode {
  const { state } = useUrlState();
  const catalog = useCatalog();
  const [thisMonth] = useState(() => new Date().toISOString().slice(0, "2026-12".length));
  const { text: plan } = held;
  const wanted = useMemo(() => {
    const { plan: _packed, ...controls } = state;
    return questionOf(view, plan === undefined ? controls : { ...controls, plan }, thisMonth);
  }, [view, state, plan, thisMonth]);
  const source = usePlanSource(view, held);
  const rested = useDebounced(wanted, restMs);
  // Another view is asked at once; within one, a slider may come to rest first.
  const asked = rested.kind === wanted.kind ? rested : wanted;
  const answer = usePlanningAnswer(asked.kind, asked.question);
  const shown = useLastAnswer(view, answer.data);
  const isOld = answer.isPlaceholderData || answer.error !== null;
  return (
    <>
      <PageHead
        title="Planning"
        actions={
          <>
            {answer.isFetching && <AskingNotice key={JSON.stringify(asked)} />}
            {answer.data !== undefined && (
              <ExportButtons
                asked={asked}
                whole={answer.isPlaceholderData ? undefined : answer.data.whole}
                plan={plan}
                isShared={held.isShared}
              />
            )}
          </>
        }
      />
      <Views shown={view} />
      <div className="planner">
        <ControlSourceContext value={source}>
          <div className="stack planner-asked">
            <ControlFields groups={controlsOf(view, state)} catalog={catalog.data} />
          </div>
        </ControlSourceContext>
        <div className="stack planner-head">
          {answer.error !== null && (
            <FailureNotice
              error={answer.error}
              {...(isPassing(answer.error) ? { onRetry: () => void answer.refetch() } : {})}
            />
          )}
          {answer.error !== null && shown !== undefined && (
            <p className="muted">What stands below answers the question before this one.</p>
          )}
          {shown !== undefined && answer.error === null && <Fallbacks answer={shown.answer} />}
          {shown !== undefined && (
            <div aria-live="polite" className={isOld ? "is-old" : undefined}>
              <Headline view={view} answer={shown.answer} />
            </div>
          )}
          {shown === undefined && answer.error === null && <SkeletonLines count={10} />}
        </div>
        <div className="stack planner-rest">
          {shown !== undefined && (
            <div className={`stack ${isOld ? "is-old" : ""}`}>
              <Plots view={view} answer={shown} />
            </div>
          )}
          {view === "fleet" && <PlanEditor text={plan ?? writePlan(wanted.question)} held={held} />}
          {shown !== undefined && <Report answer={shown} isOld={isOld} />}
        </div>
      </div>
    </>
  );
}

/** Whether the same question may be answered when it is asked again: a refusal of the question itself stays. */
function isPassing(error: unknown): boolean {
  return !(error instanceof ApiFailure) || error.status === 0 || error.status >= 500 || error.status === 429;
}

/** The last answer of a view: it stays, faded, while a question has none, so that the page does not jump under the hand. */
function useLastAnswer(view: PlanningView, answer: PlanningAnswer | undefined): PlanningAnswer | undefined {
  const [last, setLast] = useState<{ readonly view: PlanningView; readonly answer: PlanningAnswer } | null>(null);
  if (answer !== undefined && (last?.answer !== answer || last.view !== view)) setLast({ view, answer });
  return answer ?? (last?.view === view ? last.answer : undefined);
}

/** With a whole plan the controls of the fleet read and write it; else the address itself. */
function usePlanSource(view: PlanningView, { text, put }: HeldPlan): ControlSource | null {
  return useMemo(() => {
    if (view !== "fleet" || text === undefined) return null;
    return {
      ...controlsOfPlan(text),
      put: (name: string, value: string) => put(planWith(text, name, value)),
    };
  }, [view, text, put]);
}

/** The whole answer in words and tables, under its figures and plots. */
function Report({ answer, isOld }: { readonly answer: PlanningAnswer; readonly isOld: boolean }): ReactNode {
  const [first, ...rest] = answer.document.sections;
  return (
    <div className={`stack ${isOld ? "is-old" : ""}`}>
      {first !== undefined && <SectionPanel section={withoutCautions(first)} />}
      {rest.map((section) => (
        <SectionPanel key={section.heading} section={section} />
      ))}
    </div>
  );
}

/** What stands in for a name that the catalog does not have, and what speaks against the question, before the figures that rest on it. */
function Fallbacks({ answer }: { readonly answer: Fields }): ReactNode {
  const cautions = answer.value("cautions");
  const all = [
    ...answer.list("fallbacks", (each) => each.textOr("words", "")),
    ...(Array.isArray(cautions) ? cautions.map(String) : []),
  ];
  if (all.length === 0) return null;
  return (
    <div className="notice soft" role="status">
      {all.map((words) => (
        <p key={words}>Careful: {words}.</p>
      ))}
    </div>
  );
}

/** The page has said above what to be careful of. */
function withoutCautions(section: Section): Section {
  const isCaution = (block: Block): boolean => block.kind === "text" && block.text.startsWith("Careful: ");
  return { ...section, blocks: section.blocks.filter((block) => !isCaution(block)) };
}

/** The plots of a view; those of memory come with their section. */
function Plots({ view, answer }: { readonly view: PlanningView; readonly answer: PlanningAnswer }): ReactNode {
  const fields = answer.answer;
  switch (view) {
    case "fleet":
      return (
        <>
          <Panel title="Demand and capacity" note={demandNote(fields)}>
            <DemandPlot answer={fields} />
          </Panel>
          <RunPlots answer={fields} />
          {fields.value("trace") !== null && fields.value("trace") !== undefined && (
            <Panel title="The queue, packed by the scheduler" note="each point is one simulation">
              <TracePlot answer={fields} />
            </Panel>
          )}
          <CostPlots answer={answer} />
        </>
      );
    case "cost":
      return <CostPlots answer={answer} />;
    case "serving":
      return (
        <Panel
          title="Throughput and latency"
          note="by requests in flight: 1 at the right, doubled to the left; lines through points: 80% interval"
        >
          <FrontierPlot answer={fields} />
        </Panel>
      );
    case "training":
      return (
        <Panel title="Where a step's time goes">
          <StepParts answer={fields} />
        </Panel>
      );
    case "advice":
      return null;
  }
}

/** What the demand rests on: what was stated, and what was sized from a model, with its error. */
function demandNote(answer: Fields): string {
  const [words] = answer.fields("errors").list("capacity", (error) => error.textOr("words", ""));
  return words ?? "not measured: it follows from what the controls say";
}

/** Where a step goes of each run that was sized from the model that a stage trains. */
function RunPlots({ answer }: { readonly answer: Fields }): ReactNode {
  const runs = answer.list("runs", (run) => run);
  return runs.map((run, index) => (
    <Panel
      key={`${index} ${run.textOr("stage", "")}`}
      title={`Where a step of ${run.textOr("stage", "")} goes`}
      note={runNote(run)}
    >
      <StepParts answer={run} />
    </Panel>
  ));
}

/** `32 GPUs, 11,897 useful GPU-hours`. */
function runNote(run: Fields): string {
  return `${formatCount(run.numberOr("gpus", 0))} GPUs, ${formatCount(run.numberOr("gpuHours", 0))} useful GPU-hours`;
}

function CostPlots({ answer }: { readonly answer: PlanningAnswer }): ReactNode {
  return (
    <div className="grid-2">
      <Panel
        title="Cumulative cost"
        note="lines: every rate at its likeliest, what is owned is sold at the end; at the right: P10 to P90 of the draws, the dot their median"
      >
        <CumulativePlot answer={answer.answer} />
      </Panel>
      <Panel title="What makes it unsure" note="dollars per used GPU-hour">
        <TornadoPlot answer={answer.answer} />
      </Panel>
    </div>
  );
}
