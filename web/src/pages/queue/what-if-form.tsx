import { type ReactNode, type SyntheticEvent, useState } from "react";
import { type ResourceSummary, useResources } from "../../api/resources.ts";
import { Command } from "../../design/command.tsx";
import { FailureNotice } from "../../design/failure-notice.tsx";
import { quotaAmounts, withNominal } from "./quota-amounts.ts";
import type { TriedChange } from "./what-if-change.ts";

type Add = (change: TriedChange) => void;
const nodesMax = 10_000;

/** One change to choose: a node to drain, nodes to add, or another quota. */
export function WhatIfForm({ onAdd }: { readonly onAdd: Add }): ReactNode {
  const pools = useResources("pools", undefined);
  const quotas = useResources("quotas", undefined);
  const error = pools.error ?? quotas.error;
  if (error !== null) return <FailureNotice error={error} />;
  return (
    <div className="stack">
      <NodeForm
        title="Drain a node: what runs there runs on"
        label="Node to drain"
        pools={pools.data ?? []}
        onChoose={(node) => onAdd({ drain: [node] })}
      />
      <NodeForm
        title="Lose a node: what runs there queues again"
        label="Node to lose"
        pools={pools.data ?? []}
        onChoose={(node) => onAdd({ remove: [node] })}
      />
      <GrowForm pools={pools.data ?? []} onAdd={onAdd} />
      <QuotaForm quotas={quotas.data ?? []} onAdd={onAdd} />
    </div>
  );
}

function ChoiceForm({
  title,
  isReady,
  onSubmit,
  children,
}: {
  readonly title: string;
  readonly isReady: boolean;
  readonly onSubmit: () => void;
  readonly children: ReactNode;
}): ReactNode {
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (isReady) onSubmit();
  };
  return (
    <form className="stack tight" aria-label={title} onSubmit={submit}>
      <h3>{title}</h3>
      <div className="row wrap">
        {children}
        <button type="submit" className="button" disabled={!isReady}>
          Try
        </button>
      </div>
    </form>
  );
}

function nodeNames(pool: ResourceSummary): readonly string[] {
  return pool.status.list("nodes", (node) => node.textOr("name", "")).filter((name) => name !== "");
}

function NodeForm({
  title,
  label,
  pools,
  onChoose,
}: {
  readonly title: string;
  readonly label: string;
  readonly pools: readonly ResourceSummary[];
  readonly onChoose: (node: { readonly pool: string; readonly nodes: readonly string[] }) => void;
}): ReactNode {
  const [chosen, setChosen] = useState("");
  const [pool = "", ...rest] = chosen.split("/");
  return (
    <ChoiceForm title={title} isReady={rest.length > 0} onSubmit={() => onChoose({ pool, nodes: [rest.join("/")] })}>
      <select
        className="field grow"
        aria-label={label}
        value={chosen}
        onChange={(event) => setChosen(event.target.value)}
      >
        <option value="">choose a node</option>
        {pools.map((each) => (
          <optgroup key={each.name} label={`Pool ${each.name}`}>
            {nodeNames(each).map((node) => (
              <option key={node} value={`${each.name}/${node}`}>
                {node}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </ChoiceForm>
  );
}

function GrowForm({ pools, onAdd }: { readonly pools: readonly ResourceSummary[]; readonly onAdd: Add }): ReactNode {
  const [pool, setPool] = useState("");
  const [count, setCount] = useState("1");
  const nodes = Number(count);
  const isReady = pool !== "" && Number.isInteger(nodes) && nodes >= 1 && nodes <= nodesMax;
  return (
    <ChoiceForm
      title="Add nodes like those of a pool"
      isReady={isReady}
      onSubmit={() => onAdd({ addNodes: [{ pool, count: nodes }] })}
    >
      <select
        className="field grow"
        aria-label="Pool to add to"
        value={pool}
        onChange={(event) => setPool(event.target.value)}
      >
        <option value="">choose a pool</option>
        {pools
          .filter((each) => nodeNames(each).length > 0)
          .map((each) => (
            <option key={each.name} value={each.name}>
              {each.name}
            </option>
          ))}
      </select>
      <input
        className="field"
        style={{ width: 74 }}
        type="number"
        min="1"
        max={nodesMax}
        aria-label="How many nodes"
        value={count}
        onChange={(event) => setCount(event.target.value)}
      />
    </ChoiceForm>
  );
}

function QuotaForm({ quotas, onAdd }: { readonly quotas: readonly ResourceSummary[]; readonly onAdd: Add }): ReactNode {
  const [chosen, setChosen] = useState("");
  const [typed, setTyped] = useState<string | null>(null);
  const amounts = quotas.flatMap((quota) =>
    quotaAmounts(specOf(quota)).map((amount) => ({ ...amount, quota, key: `${quota.name} ${amount.path}` })),
  );
  const found = amounts.find((each) => each.key === chosen);
  const nominal = typed ?? found?.nominal ?? "";
  const pattern = found?.path === "memory" ? /^\d+(\.\d+)?([KMGT]?B|[KMGT]iB)$/ : /^\d+(\.\d+)?$/;
  const add = (): void => {
    if (found === undefined) return;
    onAdd({ quotas: [{ name: found.quota.name, spec: withNominal(specOf(found.quota), found.path, nominal) }] });
  };
  if (quotas.length === 0)
    return (
      <div className="stack tight">
        <h3>Change a quota</h3>
        <p className="muted">No quota is declared yet.</p>
        <Command text="millwright get quotas" />
      </div>
    );
  return (
    <ChoiceForm title="Change a quota" isReady={found !== undefined && pattern.test(nominal)} onSubmit={add}>
      <select
        className="field grow"
        aria-label="Quota and resource"
        value={chosen}
        onChange={(event) => {
          setChosen(event.target.value);
          setTyped(null);
        }}
      >
        <option value="">choose a quota</option>
        {amounts.map((each) => (
          <option key={each.key} value={each.key}>
            {each.quota.name}: {each.nominal} {each.label}
          </option>
        ))}
      </select>
      <input
        className="field"
        style={{ width: 74 }}
        aria-label="Of its own"
        placeholder={found?.path === "memory" ? "64GB" : "8"}
        value={nominal}
        onChange={(event) => setTyped(event.target.value)}
      />
    </ChoiceForm>
  );
}

/** A quota's spec as it was read, to be sent back with one change. */
function specOf(quota: ResourceSummary): Readonly<Record<string, unknown>> {
  return Object.fromEntries(quota.spec.names().map((name) => [name, quota.spec.value(name)]));
}
