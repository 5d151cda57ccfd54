import type { Blocker } from "../../api/compute.ts";
import { aheadWords } from "../../words/planned-start.ts";

/** Whose a blocker is: `ada · team vision, project maps`; empty where that is not told. */
export function blockerOwnerWords({ owner }: Blocker): string {
  if (owner === null) return "";
  const { identity, project, team } = owner;
  const where = team === null ? `project ${project}` : `team ${team}, project ${project}`;
  return identity === null ? where : `${identity} · ${where}`;
}

/** When a blocker lets go: by its limit, and by what runs like it took; one line for each. */
export function blockerEndLines({ endsBy, endsP50, endsP90 }: Blocker, now: number): readonly string[] {
  if (endsBy !== null && endsBy === endsP50) return [`done ${aheadWords(endsBy, now)}`];
  const isBefore = (at: number | null): at is number => at !== null && at < (endsBy ?? Number.POSITIVE_INFINITY);
  const lines = [
    ...(endsBy === null ? [] : [`done ${aheadWords(endsBy, now)} at the latest`]),
    ...(isBefore(endsP50) ? [`likely ${aheadWords(endsP50, now)}`] : []),
    ...(isBefore(endsP90) ? [`nine times of ten ${aheadWords(endsP90, now)}`] : []),
  ];
  return lines.length === 0 ? ["no limit"] : lines;
}
