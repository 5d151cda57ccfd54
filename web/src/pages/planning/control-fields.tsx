import { type ReactNode, useId, useState } from "react";
import type { PlanningCatalog } from "../../api/planning.ts";
import { Panel } from "../../design/panel.tsx";
import { formatShortCount } from "../../words/numbers.ts";
import { amountIn, type Control, type ControlGroup, textIn } from "./controls.ts";
import { useControlSource } from "./control-source.ts";
import { nearestStep, parseAmount, writeAmount, wrongAmount } from "./amount-words.ts";

/** The controls of a view, group by group; each writes to the page's address. */
export function ControlFields({
  groups,
  catalog,
}: {
  readonly groups: readonly ControlGroup[];
  readonly catalog: PlanningCatalog | undefined;
}): ReactNode {
  // On a narrow window all controls would push the plots out of sight: there the first group stands alone until asked for.
  const [isOpen, setOpen] = useState(false);
  return (
    <div className={`stack planner-controls ${isOpen ? "" : "is-folded"}`}>
      {groups.length > 1 && (
        <button
          type="button"
          className="button small unfold"
          aria-expanded={isOpen}
          onClick={() => setOpen((before) => !before)}
        >
          {isOpen
            ? "Fewer controls"
            : `All controls: ${groups
                .slice(1)
                .map(({ title }) => title)
                .join(", ")}`}
        </button>
      )}
      {groups.map((group) => (
        <Panel key={group.title} title={group.title}>
          <div className="stack tight">
            {group.controls.map((control) => (
              <ControlField key={control.name} control={control} catalog={catalog} />
            ))}
          </div>
        </Panel>
      ))}
    </div>
  );
}

function ControlField({
  control,
  catalog,
}: {
  readonly control: Control;
  readonly catalog: PlanningCatalog | undefined;
}): ReactNode {
  const { locked } = useControlSource();
  const why = locked[control.name];
  if (why !== undefined) {
    return (
      <div className="control">
        <span className="name">{control.label}</span>
        <span className="locked muted">{why}</span>
      </div>
    );
  }
  switch (control.kind) {
    case "amount":
      return <AmountField control={control} />;
    case "choice":
      return <ChoiceField control={control} />;
    case "name":
      return <NameField control={control} names={catalog?.[control.list] ?? []} />;
  }
}

function AmountField({ control }: { readonly control: Extract<Control, { kind: "amount" }> }): ReactNode {
  const { state, put: write } = useControlSource();
  const value = amountIn(control, state);
  const [typed, setTyped] = useState<string | null>(null);
  const put = (next: number): void => write(control.name, String(next), String(control.initial));
  const [wrong, setWrong] = useState<string | null>(null);
  const hint = useId();
  const drop = (): void => {
    setTyped(null);
    setWrong(null);
  };
  const finish = (): void => {
    if (typed === null) return;
    const found = wrongAmount(typed, control.steps);
    setWrong(found);
    if (found !== null) return;
    put(parseAmount(typed) ?? value);
    setTyped(null);
  };
  return (
    <div className="control">
      <span className="name">{control.label}</span>
      <input
        className="field exact"
        aria-label={`${control.label}, exactly`}
        aria-invalid={wrong !== null}
        aria-describedby={wrong === null ? undefined : hint}
        value={typed ?? writeAmount(value)}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={finish}
        onKeyDown={(event) => {
          if (event.key === "Enter") finish();
          if (event.key === "Escape") drop();
        }}
      />
      <span className="unit muted">{control.unit}</span>
      <input
        type="range"
        min="0"
        max={control.steps.length - 1}
        aria-label={control.label}
        aria-valuetext={`${formatShortCount(value)} ${control.unit}`}
        value={nearestStep(control.steps, value)}
        onChange={(event) => {
          drop();
          put(control.steps[Number(event.target.value)] ?? value);
        }}
      />
      {wrong !== null && (
        <span className="wrong" id={hint} role="alert">
          {wrong}
        </span>
      )}
    </div>
  );
}

function ChoiceField({ control }: { readonly control: Extract<Control, { kind: "choice" }> }): ReactNode {
  const { state, put } = useControlSource();
  return (
    <label className="control">
      <span className="name">{control.label}</span>
      <select
        className="field wide"
        value={textIn(control, state)}
        onChange={(event) => put(control.name, event.target.value, control.initial)}
      >
        {control.choices.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A name of the catalog, chosen or typed: the planner says what stands in for one that it does not know. */
function NameField({
  control,
  names,
}: {
  readonly control: Extract<Control, { kind: "name" }>;
  readonly names: readonly string[];
}): ReactNode {
  const { state, put } = useControlSource();
  const value = textIn(control, state);
  const [typed, setTyped] = useState<string | null>(null);
  const list = useId();
  const finish = (): void => {
    if (typed !== null && typed.trim() !== "") put(control.name, typed.trim(), control.initial);
    setTyped(null);
  };
  const type = (name: string): void => {
    setTyped(name);
    if (names.includes(name)) put(control.name, name, control.initial);
  };
  return (
    <div className="control">
      <span className="name">{control.label}</span>
      <input
        aria-label={control.label}
        className="field wide"
        list={list}
        value={typed ?? value}
        placeholder={value}
        onFocus={(event) => event.target.select()}
        onChange={(event) => type(event.target.value)}
        onBlur={finish}
        onKeyDown={(event) => {
          if (event.key === "Enter") finish();
        }}
      />
      <datalist id={list}>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </datalist>
    </div>
  );
}
