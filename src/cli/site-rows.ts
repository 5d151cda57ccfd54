import * as z from "zod";
import { type SiteRows, siteRowsSchema } from "../planning/calibration/model.ts";
import type { PlanningKind } from "../planning/questions/model.ts";
import type { CommandContext } from "./command-context.ts";
import type { LooseQuestion } from "./planning-answer.ts";

const replySchema = z.object({ site: z.array(siteRowsSchema) });

/** What the server's site measured of predictions like those that a question asks for. */
export async function readSite(
  context: CommandContext,
  kind: PlanningKind,
  question: LooseQuestion,
): Promise<readonly SiteRows[]> {
  const client = await context.connect();
  return replySchema.parse(await client.post("/api/v1/planning/site", { kind, question }, context.signal)).site;
}
