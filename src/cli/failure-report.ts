import { Fault } from "../base/fault.ts";
import { type CommandContext, jsonSchemaVersion } from "./command-context.ts";
import { exitCodeOf, exitCodes } from "./exit-code.ts";
import { RemoteFault } from "./remote-fault.ts";

/** Tells a failure on standard error, as text or as one line of JSON, and answers with the exit code. */
export function reportFailure(context: CommandContext, error: unknown): number {
  if (error instanceof Fault || error instanceof RemoteFault) {
    const requestId = error instanceof RemoteFault ? error.requestId : null;
    report(context, { code: error.code, kind: error.kind, message: error.message, details: error.details, requestId });
    return exitCodeOf(error.kind);
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  report(context, {
    code: "cli.bug",
    kind: "failed",
    message: `this is a bug of millwright: ${message}`,
    details: {},
    requestId: null,
  });
  return exitCodes.failed;
}

interface Failure {
  readonly code: string;
  readonly kind: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly requestId: string | null;
}

function report(context: CommandContext, failure: Failure): void {
  const { terminal } = context;
  if (context.format === "json") {
    terminal.complain(JSON.stringify({ schema_version: jsonSchemaVersion, error: failure }));
    return;
  }
  const place = failure.requestId === null ? failure.code : `${failure.code}, request ${failure.requestId}`;
  const isManyLines = failure.message.includes("\n");
  terminal.complain(`${terminal.paint("error:", "bad")} ${isManyLines ? `\n${failure.message}` : failure.message}`);
  terminal.complain(terminal.paint(`(${place})`, "dim"));
}
