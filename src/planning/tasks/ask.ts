/**
 * The program of one question to the planner: reads its task as JSON from standard input and writes the reply as JSON to
 * standard output.
 *
 * Ends with 0 when it answered, also when the reply is a fault; anything else is a bug.
 */
import { planningTaskSchema } from "../questions/model.ts";
import { replyTo } from "../questions/reply-to.ts";

async function readInput(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) text += String(chunk);
  return text;
}

const task = planningTaskSchema.parse(JSON.parse(await readInput()));
process.stdout.write(JSON.stringify(replyTo(task)));
