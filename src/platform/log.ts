import type { Log } from "./ports.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A log that writes one JSON object a line, from `level` up. */
export function jsonLog(
  write: (line: string) => void,
  level: LogLevel,
  fields: Readonly<Record<string, unknown>> = {},
): Log {
  const at =
    (own: LogLevel) =>
    (message: string, more: Readonly<Record<string, unknown>> = {}): void => {
      if (ranks[own] < ranks[level]) return;
      write(`${JSON.stringify({ time: new Date().toISOString(), level: own, message, ...fields, ...more })}\n`);
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (more) => jsonLog(write, level, { ...fields, ...more }),
  };
}

/** A log that forgets everything: for tests and for callers that do not care. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silentLog,
};
