import type { LoadTestAsk } from "../../api/deployment-load.ts";

/** What is typed for a load test; texts, as they stand in their fields. */
export interface LoadTestForm {
  readonly rate: string;
  readonly seconds: string;
  readonly inputTokens: string;
  readonly outputTokens: string;
  readonly prefixes: string;
  readonly prefixTokens: string;
  readonly turns: string;
  readonly ttftMs: string;
  readonly tpotMs: string;
  readonly endToEndMs: string;
}

/** A short test that hurts nobody. */
export const firstLoadTest: LoadTestForm = {
  rate: "2",
  seconds: "20",
  inputTokens: "256",
  outputTokens: "64",
  prefixes: "",
  prefixTokens: "512",
  turns: "1",
  ttftMs: "1000",
  tpotMs: "100",
  endToEndMs: "",
};

/** What is asked of the server; what is empty is left out, and the server says what is wrong with the rest. */
export function loadTestAsk(form: LoadTestForm, isChat: boolean): LoadTestAsk {
  const number = (text: string): number | undefined => (text.trim() === "" ? undefined : Number(text));
  const bounds = {
    ...(isChat ? bound("ttftMs", number(form.ttftMs)) : {}),
    ...(isChat ? bound("tpotMs", number(form.tpotMs)) : {}),
    ...bound("endToEndMs", number(form.endToEndMs)),
  };
  const count = isChat ? number(form.prefixes) : undefined;
  return {
    rate: Number(form.rate),
    durationMs: Math.round(Number(form.seconds) * 1000),
    inputTokens: form.inputTokens.trim(),
    outputTokens: form.outputTokens.trim(),
    slo: Object.keys(bounds).length === 0 ? null : bounds,
    ...(isChat ? { turns: number(form.turns) ?? 1 } : {}),
    ...(count === undefined ? {} : { prefixes: { count, tokens: number(form.prefixTokens) ?? 1, zipf: 1 } }),
  };
}

function bound<Name extends string>(name: Name, value: number | undefined): Partial<Record<Name, number>> {
  const members: Partial<Record<Name, number>> = {};
  if (value !== undefined) members[name] = value;
  return members;
}
