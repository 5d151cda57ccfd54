/** How a state is coloured and marked; each tone has its own shape, so that colour is never the only sign. */
export type Tone = "good" | "running" | "waiting" | "warning" | "bad" | "off" | "special";

const tonesByState: Readonly<Record<string, Tone>> = {
  approved: "good",
  available: "good",
  champion: "good",
  done: "good",
  finished: "good",
  healthy: "good",
  ok: "good",
  passed: "good",
  promoted: "good",
  ready: "good",
  serving: "good",
  stable: "good",
  steady: "good",
  completed: "good",
  succeeded: "good",
  resolved: "good",
  valid: "good",
  active: "good",
  online: "good",
  admitted: "running",
  building: "running",
  deploying: "running",
  evaluating: "running",
  materialising: "running",
  canary: "running",
  progressing: "running",
  "rolling-out": "running",
  running: "running",
  starting: "running",
  retraining: "running",
  checking: "running",
  preparing: "running",
  training: "running",
  updating: "running",
  registering: "running",
  overridden: "special",
  watching: "good",
  acknowledged: "waiting",
  blocked: "warning",
  candidate: "waiting",
  pending: "waiting",
  idle: "good",
  empty: "off",
  new: "waiting",
  stopping: "off",
  queued: "waiting",
  scheduled: "waiting",
  waiting: "waiting",
  unknown: "waiting",
  "waiting-for-data": "waiting",
  warming: "waiting",
  open: "warning",
  degraded: "warning",
  drift: "warning",
  drifted: "warning",
  drifting: "warning",
  warning: "warning",
  preempted: "special",
  override: "special",
  bad: "bad",
  error: "bad",
  failed: "bad",
  killed: "bad",
  firing: "bad",
  critical: "bad",
  lost: "bad",
  rejected: "bad",
  refused: "bad",
  "rolled-back": "bad",
  cancelled: "off",
  skipped: "off",
  deleting: "off",
  paused: "off",
  retired: "off",
  stopped: "off",
  superseded: "off",
};

/** The tone of a state word of any room; words that it does not know wait. */
export function toneOf(state: string): Tone {
  const word = state
    .replaceAll(/([a-z])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .replaceAll("_", "-")
    .replaceAll(" ", "-");
  return tonesByState[word] ?? "waiting";
}

const marks: Readonly<Record<Tone, string>> = {
  good: "✓",
  running: "▶",
  waiting: "◷",
  warning: "▲",
  bad: "✕",
  off: "–",
  special: "◆",
};

/** The tone's shape. */
export function markOf(tone: Tone): string {
  return marks[tone];
}
