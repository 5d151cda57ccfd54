/**
 * What asked for a training, for the lineage: `user:<name>`, or what a controller says of itself.
 *
 * Only controllers are believed: whoever wrote the job cannot hide behind `startedBy`, because people may not
 * approve what they started themselves.
 */
export function startedBy(writer: string | null, claimed: string | undefined): string {
  if (writer === null) return claimed === undefined ? "unknown" : `unknown (${claimed})`;
  if (!writer.startsWith("controller:")) return `user:${writer}`;
  return claimed ?? writer;
}
