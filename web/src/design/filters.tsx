import type { ReactNode } from "react";
import { useUrlState } from "./use-url-state.ts";

/** A text filter in the address; the key `/` moves the focus here. */
export function SearchField({
  name = "filter",
  label = "Filter",
}: {
  readonly name?: string;
  readonly label?: string;
}): ReactNode {
  const { state, change } = useUrlState();
  return (
    <input
      className="field search"
      type="search"
      placeholder={`${label}   /`}
      aria-label={label}
      data-filter=""
      value={state[name] ?? ""}
      onChange={(event) => change({ [name]: event.target.value })}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}

/** One of a few values, or all, in the address. */
export function SegmentFilter({
  name,
  choices,
}: {
  readonly name: string;
  readonly choices: readonly { readonly value: string; readonly label: string }[];
}): ReactNode {
  const { state, change } = useUrlState();
  const chosen = state[name] ?? "";
  return (
    <div className="segments" role="group" aria-label={name}>
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          aria-pressed={chosen === choice.value}
          onClick={() => change({ [name]: choice.value })}
        >
          {choice.label}
        </button>
      ))}
    </div>
  );
}

/** One of many values, or all, in the address. */
export function SelectFilter({
  name,
  label,
  values,
}: {
  readonly name: string;
  readonly label: string;
  readonly values: readonly string[];
}): ReactNode {
  const { state, change } = useUrlState();
  const chosen = state[name] ?? "";
  const all = chosen === "" || values.includes(chosen) ? values : [chosen, ...values];
  return (
    <select
      className="field"
      aria-label={label}
      value={chosen}
      onChange={(event) => change({ [name]: event.target.value })}
    >
      <option value="">{`${label}: all`}</option>
      {all.map((value) => (
        <option key={value} value={value}>
          {value}
        </option>
      ))}
    </select>
  );
}
