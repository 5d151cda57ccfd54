import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { modelRoute } from "../../src/serving/fixtures/model-route.ts";
import { LeaseBook } from "../../src/serving/gateway/limits/lease-book.ts";
import { shareMax } from "../../src/serving/gateway/limits/lease.ts";
import type { LimitRule } from "../../src/serving/gateway/limits/limit-rule.ts";
import { median } from "../benchmark.ts";
import { startBenchGateway } from "./bench-gateway.ts";

/*
 * How much of a small limit four workers of a real gateway use under more demand than it allows: few callers, each with one
 * connection, so that some workers have several and some may have none.
 */

const workers = 4;
const callersEach = 10;
const settleMs = 3_000;
const runMs = 30_000;
const minute = 60_000;

/** A refused caller comes again after this. */
const pauseMs = 100;
const serviceMs = 30;

const anyone = { identity: null, key: null, project: null, team: null };
const rules: readonly LimitRule[] = [
  { id: "60", name: "60", subject: { ...anyone, deployment: "sixty" }, measure: "requests", amount: 60 },
  { id: "600", name: "600", subject: { ...anyone, deployment: "six-hundred" }, measure: "requests", amount: 600 },
  { id: "4", name: "4", subject: { ...anyone, deployment: "four" }, measure: "concurrency", amount: 4 },
];

interface Answered {
  readonly status: number;
  readonly tookMs: number;
}

const completion = JSON.stringify({
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
});

/** An engine that answers after a while, and knows how many requests it has had at once. */
async function startEngine() {
  let underWay = 0;
  let area = 0;
  let since = performance.now();
  let most = 0;
  const change = (by: number): void => {
    area += underWay * (performance.now() - since);
    since = performance.now();
    underWay += by;
    most = Math.max(most, underWay);
  };
  const server = createServer((asked, response) => {
    asked.resume();
    asked.once("end", () => {
      change(1);
      setTimeout(() => {
        change(-1);
        response.writeHead(200, { "content-type": "application/json" }).end(completion);
      }, serviceMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    begin: () => {
      change(0);
      area = 0;
      most = underWay;
    },
    seen: (spanMs: number) => {
      change(0);
      return { mean: area / spanMs, most };
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function ask(port: number, agent: Agent, model: string): Promise<Answered> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { authorization: "Bearer bench", "content-type": "application/json" };
    const options = { host: "127.0.0.1", port, path: "/v1/chat/completions", method: "POST", agent, headers };
    const sent = request(options, (answer) => {
      answer.resume();
      answer.once("end", () => resolve({ status: answer.statusCode ?? 0, tookMs: performance.now() - startedMs }));
    });
    sent.once("error", reject);
    sent.end(JSON.stringify({ model, max_tokens: 1, messages: [{ role: "user", content: "hi" }] }));
  });
}

/** Callers that always want more; what was let in and refused from `fromMs` on. */
async function press(port: number, model: string, fromMs: number, endMs: number): Promise<readonly Answered[]> {
  const answers: Answered[] = [];
  const call = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (performance.now() < endMs) {
      const answer = await ask(port, agent, model);
      if (performance.now() >= fromMs && performance.now() < endMs) answers.push(answer);
      if (answer.status !== 200) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: callersEach }, call));
  return answers;
}

/** Takes a minute's worth, so that what is measured is the steady rate and not what was saved up. */
async function drain(port: number, model: string): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  for (let refused = 0; refused < 8; ) {
    const { status } = await ask(port, agent, model);
    refused = status === 200 ? 0 : refused + 1;
  }
  agent.destroy();
}

/** Measures with a gateway's own processes, and prints. */
export async function measureLimitedWorkers(): Promise<void> {
  const book = new LeaseBook(Date.now());
  book.setRules(rules, Date.now());
  const leaseMicros: number[] = [];
  const gateway = await startBenchGateway(workers, ({ worker, reports }) => {
    const startedMs = performance.now();
    const { grants } = book.lease(worker, reports, Date.now());
    leaseMicros.push((performance.now() - startedMs) * 1_000);
    return grants;
  });
  const engine = await startEngine();
  try {
    const replica = { address: { kind: "http" as const, url: engine.url } };
    for (const model of ["sixty", "six-hundred", "four"]) await gateway.publish(modelRoute(model, [replica]));
    gateway.setLimits({ rules, teams: {} });
    for (const model of ["sixty", "six-hundred"]) await drain(gateway.port, model);
    for (const rule of rules) await measureRule(gateway.port, rule, engine, leaseMicros);
  } finally {
    await gateway.stop();
    engine.stop();
  }
}

async function measureRule(
  port: number,
  rule: LimitRule,
  engine: Awaited<ReturnType<typeof startEngine>>,
  leaseMicros: number[],
): Promise<void> {
  const model = rule.subject.deployment ?? "";
  if (rule.measure !== "concurrency") await drain(port, model);
  const fromMs = performance.now() + settleMs;
  const pressing = press(port, model, fromMs, fromMs + runMs);
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  leaseMicros.length = 0;
  engine.begin();
  await new Promise((resolve) => setTimeout(resolve, runMs));
  const { mean, most } = engine.seen(runMs);
  const answers = await pressing;
  const letIn = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 429);
  const tookMs = median(letIn.map((each) => each.tookMs));
  const atOnce = letIn.reduce((sum, each) => sum + each.tookMs, 0) / runMs;
  const used =
    rule.measure === "concurrency"
      ? `${atOnce.toFixed(2)} of ${rule.amount} at once on average (${mean.toFixed(2)} in the engine, ${most} at most): ${percent(atOnce / rule.amount)}`
      : `${letIn.length} in ${runMs / 1_000} s: ${percent(letIn.length / ((rule.amount * runMs) / minute))} of the limit; a share is ${shareMax(rule)}`;
  const asks = leaseMicros.length / (runMs / 1_000);
  process.stdout.write(`${rule.amount} ${rule.measure}, ${workers} workers, ${callersEach} callers: ${used}\n`);
  process.stdout.write(
    `  ${refused.length} refused; ${tookMs.toFixed(1)} ms a request of which the engine takes ${serviceMs}; ${asks.toFixed(0)} questions a second to the owner, ${median(leaseMicros).toFixed(0)} µs each there\n`,
  );
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}
