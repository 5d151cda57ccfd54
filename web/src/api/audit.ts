import { getJson } from "./client.ts";
import { fieldsOf } from "./reading.ts";

/** What a proof of the whole log found. */
export interface LogVerdict {
  readonly isWhole: boolean;
  readonly message: string;
}

/** Asks the server to prove the whole event log against its signed checkpoints. */
export function verifyLog(): Promise<LogVerdict> {
  return getJson("/api/v1/audit/verify", (value) => {
    const fields = fieldsOf(value, "verdict");
    const isWhole = fields.flag("isWhole");
    const checked = fields.numberOr("checked", 0).toLocaleString("en-US");
    const firstBad = fields.fields("firstBad");
    return {
      isWhole,
      message: isWhole
        ? `all ${checked} entries are as they were written`
        : `entry ${firstBad.numberOr("seq", 0)} is the first bad one: ${firstBad.textOr("why", "it was changed")}`,
    };
  });
}
