import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import { patchUrlState, type UrlState } from "../words/url-state.ts";

/** The page's filters and choices, and how to change them; both live in the address only. */
export function useUrlState(): {
  readonly state: UrlState;
  readonly change: (change: Readonly<Record<string, string | null>>) => void;
} {
  const state: UrlState = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = useCallback(
    (patch: Readonly<Record<string, string | null>>): void => {
      void navigate({ to: ".", search: (before: UrlState) => patchUrlState(before, patch), replace: true });
    },
    [navigate],
  );
  return { state, change };
}
