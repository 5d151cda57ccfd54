import { parentPort } from "node:worker_threads";
import type { PlanningReply, PlanningTask } from "../questions/model.ts";
import { replyTo } from "../questions/reply-to.ts";

/*
 * A thread that answers questions to the planner, one after the other: they compute for up to seconds, and the control
 * plane's own thread must not wait for them.
 */

/** What the thread is sent. */
export interface PlannerAsk {
  readonly call: number;
  readonly task: PlanningTask;
}

/** What it sends back. */
export interface PlannerSays {
  readonly call: number;
  readonly reply: PlanningReply;
}

const port = parentPort;
if (port === null) throw new Error("the planner's thread was started as a program; it belongs into a worker");
port.on("message", ({ call, task }: PlannerAsk) => {
  const said: PlannerSays = { call, reply: replyTo(task) };
  port.postMessage(said);
});
