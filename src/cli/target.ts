import { Fault } from "../base/fault.ts";

/** What a user points at: `training-job/flight-delay`, or a bare name or id. */
export interface Target {
  readonly kind: string | null;
  readonly name: string;
}

/** Reads `KIND/NAME`, `KIND NAME` (two words) or `NAME`. @throws {Fault} `cli.argument-invalid`. */
export function parseTarget(words: readonly string[]): Target {
  const [first = "", second] = words;
  if (second !== undefined) return { kind: first, name: second };
  const slash = first.indexOf("/");
  const target =
    slash < 0 ? { kind: null, name: first } : { kind: first.slice(0, slash), name: first.slice(slash + 1) };
  if (target.name === "" || target.kind === "") {
    throw new Fault(
      "cli.argument-invalid",
      `"${first}" names nothing; write KIND/NAME, such as training-job/flight-delay`,
    );
  }
  return target;
}
