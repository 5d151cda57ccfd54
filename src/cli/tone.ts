/** What a word says about a state; the only thing that decides a colour. */
export type Tone = "plain" | "dim" | "title" | "heading" | "good" | "busy" | "waiting" | "bad";

const wordsOf: Readonly<Record<"good" | "busy" | "waiting" | "bad", readonly string[]>> = {
  good: [
    "active",
    "approved",
    "available",
    "champion",
    "completed",
    "finished",
    "healthy",
    "ok",
    "passed",
    "promoted",
    "ready",
    "serving",
    "stable",
    "succeeded",
    "true",
    "valid",
    "watching",
  ],
  busy: [
    "admitted",
    "building",
    "canary",
    "checking",
    "deploying",
    "evaluating",
    "materialising",
    "preparing",
    "progressing",
    "registering",
    "retraining",
    "rolling-out",
    "running",
    "starting",
    "training",
    "updating",
  ],
  waiting: [
    "candidate",
    "deleting",
    "draining",
    "new",
    "paused",
    "pending",
    "preempted",
    "queued",
    "stopping",
    "unknown",
    "waiting",
  ],
  bad: [
    "alerting",
    "cancelled",
    "degraded",
    "drifted",
    "error",
    "failed",
    "invalid",
    "killed",
    "lost",
    "rejected",
    "rolled-back",
    "rolledback",
    "unhealthy",
    "unreachable",
  ],
};

/** The tone of a state word, whatever its letter case; words that say nothing of health are plain. */
export function toneOf(word: string): Tone {
  const lower = word.toLowerCase();
  for (const tone of ["good", "busy", "waiting", "bad"] as const) {
    if (wordsOf[tone].includes(lower)) return tone;
  }
  return "plain";
}
