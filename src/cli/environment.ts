import { homedir } from "node:os";
import { join } from "node:path";

/** What the shell tells the CLI; read once, here and nowhere else. */
export interface CliEnvironment {
  /** Address of the control plane; undefined: the one that runs on the data directory. */
  readonly server: string | undefined;
  readonly key: string | undefined;
  readonly project: string | undefined;
  readonly dataDirectory: string;
  /** What the user said about colours; undefined: decide by the terminal. */
  readonly isColorWanted: boolean | undefined;
  /** All of them, for a program that is started. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** Reads the environment's variables: `MILLWRIGHT_*`, `NO_COLOR` and `FORCE_COLOR`. */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>> = process.env): CliEnvironment {
  const given = (name: string) => (variables[name] === "" ? undefined : variables[name]);
  return {
    server: given("MILLWRIGHT_SERVER"),
    key: given("MILLWRIGHT_KEY"),
    project: given("MILLWRIGHT_PROJECT"),
    dataDirectory: given("MILLWRIGHT_DATA_DIR") ?? defaultDataDirectory(),
    isColorWanted: given("NO_COLOR") !== undefined ? false : given("FORCE_COLOR") !== undefined ? true : undefined,
    variables,
  };
}

/** Where state lives unless told otherwise; the server's own default, which root has outside its closed home. */
export function defaultDataDirectory(): string {
  return process.getuid?.() === 0 ? "/var/lib/millwright" : join(homedir(), ".millwright");
}
