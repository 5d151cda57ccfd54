import type { ReactNode } from "react";
import type { Rollout, RolloutTest } from "../../api/gather-rollouts.ts";
import { SequentialTestPicture } from "../../charts/sequential-test.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { Panel } from "../../design/panel.tsx";
import { StateBadge, StateMark } from "../../design/state-badge.tsx";
import { Elapsed, When } from "../../design/when.tsx";
import { formatPercent } from "../../words/numbers.ts";
import { type Tone, toneOf } from "../../words/state-tone.ts";
import "./rollout.css";

/** One rollout: its steps, and its sequential tests as pictures. */
export function RolloutPanel({
  rollout,
  actions,
}: {
  readonly rollout: Rollout;
  readonly actions?: ReactNode;
}): ReactNode {
  return (
    <Panel
      title={`Rollout of ${rollout.version}`}
      actions={
        <>
          <When at={rollout.startedAt} />
          <StateBadge state={rollout.state} />
        </>
      }
    >
      <div className="stack">
        {rollout.reason !== "" && <p className={toneOf(rollout.state) === "bad" ? "bad" : "muted"}>{rollout.reason}</p>}
        <ol className="steps">
          {rollout.steps.map((step) => (
            <li key={step.percent} className={`step ${toneOf(step.state)}`}>
              <span className="percent">{step.percent}%</span>
              <span>
                <StateMark tone={toneOf(step.state)} title={step.state} /> {step.state}
              </span>
              {step.startedAt !== null && step.state !== "promoted" && (
                <span className="faint">
                  <Elapsed from={step.startedAt} to={step.endedAt} />
                </span>
              )}
            </li>
          ))}
        </ol>
        {rollout.tests.length === 0 ? (
          <EmptyState title="No look yet">The first look waits for enough requests of both versions.</EmptyState>
        ) : (
          <div className="tests">
            {rollout.tests.map((test) => (
              <TestFigure key={test.metric} test={test} />
            ))}
          </div>
        )}
        {actions}
      </div>
    </Panel>
  );
}

const verdictTones: Readonly<Record<string, Tone>> = { harm: "bad", harmless: "good", open: "running" };

const ratioTicks = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4, 6, 8].map((ratio) => Math.log(ratio));

const less = "candidate less champion";
const over = "candidate over champion";

/** How a metric's differences are written; latency is compared in logarithms. */
const metricWords: Readonly<
  Record<
    string,
    {
      readonly name: string;
      readonly against: string;
      readonly format: (value: number) => string;
      readonly ticks?: readonly number[];
    }
  >
> = {
  errors: { name: "Error rate", against: less, format: (value) => formatPercent(value, 2) },
  latency: {
    name: "Latency",
    against: over,
    format: (value) => `×${Number(Math.exp(value).toFixed(2))}`,
    ticks: ratioTicks,
  },
  ttft: {
    name: "Time to first byte",
    against: over,
    format: (value) => `×${Number(Math.exp(value).toFixed(2))}`,
    ticks: ratioTicks,
  },
  tpot: {
    name: "Time per token",
    against: over,
    format: (value) => `×${Number(Math.exp(value).toFixed(2))}`,
    ticks: ratioTicks,
  },
  slo: { name: "Misses of the SLO", against: less, format: (value) => formatPercent(value, 2) },
  quality: { name: "Brier score", against: less, format: (value) => value.toFixed(3) },
};

function TestFigure({ test }: { readonly test: RolloutTest }): ReactNode {
  const words = metricWords[test.metric] ?? {
    name: test.metric,
    against: less,
    format: (value: number) => value.toPrecision(3),
    ticks: undefined,
  };
  return (
    <figure className="stack tight">
      <figcaption className="row">
        <span className="cut">
          <strong>{words.name}</strong> <span className="faint">{words.against}</span>
        </span>
        <StateBadge state={test.verdict} tone={verdictTones[test.verdict] ?? "waiting"} />
      </figcaption>
      {test.looks.length === 0 ? (
        <p className="muted">Too few observations of both versions so far.</p>
      ) : (
        <SequentialTestPicture
          looks={test.looks}
          threshold={test.margin}
          format={words.format}
          label={`${words.name}, ${words.against}`}
          ticksY={words.ticks}
        />
      )}
    </figure>
  );
}
