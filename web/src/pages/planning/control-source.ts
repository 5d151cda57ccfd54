import { createContext, useContext } from "react";
import { useUrlState } from "../../design/use-url-state.ts";
import type { UrlState } from "../../words/url-state.ts";

/** Where the controls of a view read and write. */
export interface ControlSource {
  readonly state: UrlState;
  /** Writes a control's value; `initial` is what it shows where none is written. */
  readonly put: (name: string, value: string, initial: string) => void;
  /** Controls that cannot show their value, with why. */
  readonly locked: Readonly<Record<string, string>>;
}

/** Null: the page's address itself. */
export const ControlSourceContext = createContext<ControlSource | null>(null);

export function useControlSource(): ControlSource {
  const { state, change } = useUrlState();
  const own = useContext(ControlSourceContext);
  if (own !== null) return own;
  return { state, put: (name, value, initial) => change({ [name]: value === initial ? null : value }), locked: {} };
}
