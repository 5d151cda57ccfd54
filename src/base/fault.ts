import { type FaultCode, type FaultKind, faultKinds } from "./fault-codes.ts";

/** Facts a program may read from a fault: JSON values only, never secrets. */
export type FaultDetails = Readonly<Record<string, unknown>>;

/**
 * An expected failure, told to the person who can mend it.
 *
 * The message says what was wanted, what was found (with the value) and what to do. The code comes from
 * the one table in `fault-codes.ts` and is never renamed; its kind decides the HTTP status and the exit code.
 */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly details: FaultDetails;

  constructor(code: FaultCode, message: string, options: { details?: FaultDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Fault";
    this.code = code;
    this.details = options.details ?? {};
  }

  get kind(): FaultKind {
    return faultKinds[this.code];
  }
}

/** Whether `error` is a `Fault` with this code (or any code, when none is named). */
export function isFault(error: unknown, code?: FaultCode): error is Fault {
  return error instanceof Fault && (code === undefined || error.code === code);
}
