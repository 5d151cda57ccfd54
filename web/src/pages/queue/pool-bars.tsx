import type { ReactNode } from "react";
import type { PoolUse } from "../../api/compute.ts";
import { EmptyState } from "../../design/empty-state.tsx";
import { Meter } from "../../design/meter.tsx";
import { formatFigure, formatMemory } from "../../words/numbers.ts";

function Bar({
  name,
  used,
  total,
  format,
}: {
  readonly name: string;
  readonly used: number;
  readonly total: number;
  readonly format: (value: number) => string;
}): ReactNode {
  if (total === 0) return null;
  const words = `${format(used)} of ${format(total)} used, ${format(Math.max(0, total - used))} free`;
  return (
    <div style={{ display: "grid", gridTemplateColumns: "58px 1fr max-content", gap: 10, alignItems: "center" }}>
      <span className="muted">{name}</span>
      <Meter used={used} total={total} label={`${name}: ${words}`} />
      <span className="faint" style={{ fontSize: 11.5 }}>
        {format(used)} / {format(total)}
      </span>
    </div>
  );
}

/** The pools with how much of each is in use. */
export function PoolBars({ pools }: { readonly pools: readonly PoolUse[] }): ReactNode {
  if (pools.length === 0) return <EmptyState title="No pool yet" command="millwright apply -f examples/flights" />;
  return (
    <div className="pools">
      {pools.map((pool) => (
        <div key={pool.name} className="stack tight">
          <div className="row">
            <strong>{pool.name}</strong>
            {pool.driver !== "" && <span className="tag">{pool.driver}</span>}
            {pool.role !== "" && <span className="tag">{pool.role}</span>}
            {pool.isSimulated && <span className="tag">simulated GPUs</span>}
            <span className="grow" />
            {pool.waiting > 0 && <span className="waiting">{pool.waiting} waiting</span>}
          </div>
          <Bar name="GPUs" used={pool.used.gpus} total={pool.total.gpus} format={formatFigure} />
          <Bar name="CPUs" used={pool.used.cpus} total={pool.total.cpus} format={formatFigure} />
          <Bar name="Memory" used={pool.used.memory} total={pool.total.memory} format={formatMemory} />
          {pool.estimates !== null && (
            <span className="faint" title="How many workloads started by the time that was told for nine of ten">
              {pool.estimates.held} of the last {pool.estimates.made} p90 estimates of starts held
            </span>
          )}
        </div>
      ))}
    </div>
  );
}
