import { checkWalls, NothingToCheck } from "./walls/check-walls.ts";
import { formatViolation } from "./walls/violation.ts";

/** Exit code when there is nothing to check: neither clean nor broken. */
const exitUsage = 2;

/** Checks the walls of a tree and prints what is broken. @returns the exit code. */
function main(root: string): number {
  const report = checkWalls(root);
  for (const violation of report.violations) process.stdout.write(`${formatViolation(violation)}\n`);
  const errors = report.violations.filter((violation) => violation.severity === "error").length;
  process.stdout.write(
    `${report.filesChecked} files, ${report.importsChecked} imports: ${errors} errors, ${report.violations.length - errors} warnings\n`,
  );
  return errors === 0 ? 0 : 1;
}

/* The tree is named on the command line; without a name it is this folder. */
try {
  process.exitCode = main(process.argv[2] ?? process.cwd());
} catch (error) {
  if (!(error instanceof NothingToCheck)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = exitUsage;
}
