import type { ModelFit } from "./model-fit.ts";
import type { ModelCard, Preset } from "./preset-spec.ts";

/** A part of an engine's command line with the reason for it. */
export interface EngineFlag {
  readonly arguments: readonly string[];
  /** One line for people. */
  readonly why: string;
}

/** What an engine's command is made from. */
export interface EngineAsk {
  readonly preset: Preset;
  readonly card: ModelCard;
  /** null: it runs on processors. */
  readonly fit: ModelFit | null;
  readonly gpuModel: string | null;
  readonly gpus: number;
  readonly nodes: number;
}

/** An engine's command line, part by part. */
export interface EngineCommand {
  /** What the flags were looked up for. */
  readonly version: string;
  readonly program: readonly string[];
  readonly flags: readonly EngineFlag[];
  /** Flags that only machines behind the first have. */
  readonly workerFlags?: readonly EngineFlag[];
  readonly environment?: Readonly<Record<string, string>>;
}

export function flag(why: string, ...parts: readonly (string | number)[]): EngineFlag {
  return { arguments: parts.map(String), why };
}

/** The flags when the condition holds, else none. */
export function when(condition: boolean, ...flags: readonly EngineFlag[]): readonly EngineFlag[] {
  return condition ? flags : [];
}
