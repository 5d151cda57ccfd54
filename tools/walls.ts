import { checkWalls } from "./walls/check-walls.ts";
import { formatViolation } from "./walls/violation.ts";

/** Checks the walls of the tree named on the command line (default: this folder) and prints what is broken. */
const report = checkWalls(process.argv[2] ?? process.cwd());
for (const violation of report.violations) process.stdout.write(`${formatViolation(violation)}\n`);
const errors = report.violations.filter((violation) => violation.severity === "error").length;
process.stdout.write(
  `${report.filesChecked} files, ${report.importsChecked} imports: ${errors} errors, ${report.violations.length - errors} warnings\n`,
);
process.exitCode = errors === 0 ? 0 : 1;
