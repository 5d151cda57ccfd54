import { useCallback, useEffect, useRef, useState } from "react";
import { useUrlState } from "../../design/use-url-state.ts";
import { isPacked, packPlan, unpackPlan } from "./plan-address.ts";

/** The whole plan that the page asks about, where it is not what the controls amount to. */
export interface HeldPlan {
  /** Undefined: the controls say it. */
  readonly text: string | undefined;
  /** Whether the address holds it, so that its link asks the same. */
  readonly isShared: boolean;
  /** Why the plan of the address cannot be read. */
  readonly problem: string | null;
  /** The address holds a packed plan that is being unpacked. */
  readonly isOpening: boolean;
  /** Takes another plan; null goes back to the controls. */
  readonly put: (text: string | null) => void;
}

/** What was unpacked or packed on this page, by what the address holds of it. */
const known = new Map<string, string>();
const knownMax = 50;

function remember(packed: string, text: string): void {
  if (known.size >= knownMax) known.clear();
  known.set(packed, text);
}

/** The plan that the address holds, or that is too long for one and is held by the page alone. */
export function useHeldPlan(): HeldPlan {
  const { state, change } = useUrlState();
  const { plan } = state;
  const [own, setOwn] = useState<string | null>(null);
  const turn = useRef(0);
  const { text, problem, isOpening } = useUnpacked(plan);
  const put = useCallback(
    (next: string | null): void => {
      turn.current += 1;
      const mine = turn.current;
      setOwn(next);
      if (next === null) {
        change({ plan: null });
        return;
      }
      void packPlan(next).then((packed) => {
        if (turn.current !== mine) return undefined;
        if (packed !== null) {
          remember(packed, next);
          setOwn(null);
        }
        change({ plan: packed });
        return undefined;
      });
    },
    [change],
  );
  if (own !== null) return { text: own, isShared: false, problem: null, isOpening: false, put };
  return { text, isShared: true, problem, isOpening, put };
}

interface Unpacked {
  readonly text: string | undefined;
  readonly problem: string | null;
  readonly isOpening: boolean;
}

function useUnpacked(plan: string | undefined): Unpacked {
  const [failed, setFailed] = useState<{ readonly plan: string; readonly problem: string } | null>(null);
  const [, setOpened] = useState("");
  const isWaiting = plan !== undefined && isPacked(plan) && !known.has(plan);
  useEffect(() => {
    if (!isWaiting) return undefined;
    let isOver = false;
    unpackPlan(plan)
      .then((text) => {
        remember(plan, text);
        if (!isOver) setOpened(plan);
        return undefined;
      })
      .catch((error: unknown) => {
        if (!isOver) setFailed({ plan, problem: error instanceof Error ? error.message : String(error) });
      });
    return () => {
      isOver = true;
    };
  }, [plan, isWaiting]);
  if (plan === undefined || !isPacked(plan)) return { text: plan, problem: null, isOpening: false };
  const problem = failed?.plan === plan ? failed.problem : null;
  return { text: known.get(plan), problem, isOpening: isWaiting && problem === null };
}
