import { resolve } from "node:path";
import { buildPackage } from "./publishing/build-package.ts";

/** Builds the package into `dist`, or into the folder named on the command line. */
const stopped = new AbortController();
process.once("SIGINT", () => stopped.abort());
await buildPackage(
  process.cwd(),
  resolve(process.argv[2] ?? "dist"),
  (line) => process.stdout.write(`${line}\n`),
  stopped.signal,
);
