import { setTimeout as pause } from "node:timers/promises";
import { request } from "undici";
import type { ProcessTask } from "../runtimes/process-task.ts";

/** Between two looks at whether a program is ready, and how long one look may take. */
const lookMs = 250;
const lookTimeoutMs = 5_000;

/**
 * Waits until a program answers 200 where it says that it is ready, and until it has answered the requests that warm it up.
 *
 * @param url where it listens.
 * @throws {Error} when it is not ready in time or a request is not answered with 2xx; the signal's reason when it fires.
 */
export async function awaitReady(url: string, task: ProcessTask, signal: AbortSignal): Promise<void> {
  const { readinessPath, readinessTimeoutMs, warmUp } = task;
  const deadline = performance.now() + readinessTimeoutMs;
  let found = "no answer";
  while (found !== "") {
    found = await look(`${url}${readinessPath}`, signal);
    if (found === "") break;
    if (performance.now() > deadline) {
      throw new Error(
        `the program wants to answer 200 on ${readinessPath} within ${readinessTimeoutMs / 1000} s, found ${found}; see its log, or raise process.readiness.timeout`,
      );
    }
    await pause(lookMs, undefined, { signal });
  }
  for (const { path, body } of warmUp) await ask(`${url}${path}`, body, deadline, signal);
}

/** Empty when it is ready; else what was found. */
async function look(url: string, signal: AbortSignal): Promise<string> {
  try {
    const { statusCode, body } = await request(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(lookTimeoutMs)]),
    });
    await body.dump();
    return statusCode === 200 ? "" : `status ${statusCode}`;
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  }
}

async function ask(url: string, value: unknown, deadline: number, signal: AbortSignal): Promise<void> {
  const leftMs = Math.max(1_000, Math.ceil(deadline - performance.now()));
  const { statusCode, body } = await request(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(value),
    signal: AbortSignal.any([signal, AbortSignal.timeout(leftMs)]),
  });
  const text = await body.text();
  if (statusCode >= 200 && statusCode < 300) return;
  throw new Error(
    `the program wants to answer the warm-up request to ${url} with 2xx, found ${statusCode}: ${text.slice(0, 500)}`,
  );
}
