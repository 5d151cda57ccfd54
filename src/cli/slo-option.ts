import { Fault } from "../base/fault.ts";
import { durationPattern, parseDuration } from "../base/units.ts";
import type { LoadTestShape } from "../serving/loadtest/model.ts";

const members = { ttft: "ttftMs", tpot: "tpotMs", e2e: "endToEndMs" } as const;

/**
 * Reads `ttft=500ms,tpot=50ms,e2e=10s`; any of the three may be absent.
 *
 * @throws {Fault} `cli.argument-invalid`.
 */
export function parseSlo(text: string): NonNullable<LoadTestShape["slo"]> {
  const slo: Partial<Record<(typeof members)[keyof typeof members], number>> = {};
  for (const part of text.split(",")) {
    const [name = "", bound = ""] = part.trim().split("=");
    if (!isMember(name) || !durationPattern.test(bound)) {
      throw new Fault("cli.argument-invalid", `--slo "${part}" is not understood; write ttft=500ms,tpot=50ms,e2e=10s`);
    }
    slo[members[name]] = parseDuration(bound);
  }
  return slo;
}

function isMember(name: string): name is keyof typeof members {
  return Object.hasOwn(members, name);
}
