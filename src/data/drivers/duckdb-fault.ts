import { Fault } from "../../base/fault.ts";

const unreadablePattern =
  /No magic bytes|don't know what type|TProtocolException|corrupt|[Dd]ecompression failure|Failed to (read|decode)|No files found that match|Could not read enough bytes|too small to be a Parquet file|Invalid Parquet|(Cannot|Could not) open file|reading past the end|Unexpected end of/i;
const fullDiskPattern =
  /No space left on device|Disk quota exceeded|failed to offload data block|max_temp_directory_size/i;
const memoryPattern = /^Out of Memory Error/;

/** The longest part of a statement that a fault shows. */
const statementShownMax = 500;

/** Says what a message of DuckDB means for the person who asked. */
export function toDuckdbFault(message: string, statement: string, files: readonly string[]): Fault {
  const details = { statement: statement.slice(0, statementShownMax), engine: message };
  const file = files.find((path) => message.includes(path)) ?? (files.length === 1 ? files[0] : undefined);
  if (fullDiskPattern.test(message)) {
    return new Fault(
      "platform.disk-full",
      "no space is left for the query's output; free some on that disk, then try again",
      {
        details,
      },
    );
  }
  if (unreadablePattern.test(message)) {
    return new Fault(
      "data.file-unreadable",
      `the file ${file ?? "that the query reads"} could not be read as its format asks: ${firstLine(message)}; ` +
        "check that the file is whole and that the dataset's format is right",
      { details: { ...details, file: file ?? null } },
    );
  }
  if (memoryPattern.test(message)) {
    return new Fault(
      "data.query-failed",
      `the query needs more memory than it was given: ${firstLine(message)}; read fewer columns or rows at once`,
      { details },
    );
  }
  return new Fault("data.query-failed", `the query failed: ${message.trim()}`, { details });
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? message;
}
