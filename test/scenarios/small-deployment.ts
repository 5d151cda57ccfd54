import type { ServerProcess } from "../server-process.ts";
import { until } from "../until.ts";

/** Approves the small chain's version as a second person and serves it. */
export async function serveSmallModel(server: ServerProcess, project: string): Promise<void> {
  await server.call("POST", "/api/v1/identities", { name: "grace", team: "default", role: "approver" });
  const issued = (await server.call("POST", "/api/v1/keys", { identity: "grace" })).json as { key: string };
  const base = `/api/v1/projects/${project}`;
  const versions = (await server.call("GET", `${base}/model-versions`)).json as { items: readonly { id: string }[] };
  const path = `${base}/model-versions/${versions.items[0]?.id}/approve`;
  const approved = await server.call("POST", path, { comment: "good" }, issued.key);
  if (approved.status !== 200) throw new Error(`the approval was answered with ${JSON.stringify(approved.json)}`);
  const applied = await server.call("POST", "/api/v1/apply", { manifests: smallServing(project) });
  if (applied.status !== 200) throw new Error(`the deployment was answered with ${JSON.stringify(applied.json)}`);
  await until("the small model serves", async () => {
    const found = (await server.call("GET", `${base}/deployments/delay`)).json as { status?: { phase: string } };
    if (found.status?.phase === "failed") throw new Error(`the deployment failed: ${JSON.stringify(found.status)}`);
    return found.status?.phase === "serving";
  });
}

/** Takes a deployment down and waits for its replicas: tasks outlive the server, also one that a test throws away. */
export async function endServing(server: ServerProcess, project: string, deployment: string): Promise<void> {
  await server.call("DELETE", `/api/v1/projects/${project}/deployments/${deployment}`);
  await until("nothing runs any more", async () => {
    const active = (await server.call("GET", `/api/v1/projects/${project}/workloads?active=true`)).json;
    return ((active as { items?: readonly unknown[] }).items ?? []).length === 0;
  });
}

function smallServing(project: string): readonly unknown[] {
  const input = (name: string, datatype: string) => ({ name, datatype });
  return [
    {
      kind: "Deployment",
      project,
      name: "delay",
      spec: {
        model: "delay",
        pool: "local",
        resources: { cpus: 0.2, memory: "512MB" },
        inputs: [
          input("origin", "BYTES"),
          input("distance", "FP64"),
          input("hour", "FP64"),
          input("departs_at", "INT64"),
        ],
        features: { timestamp: "departs_at", views: ["origin-delays"] },
        outcome: { label: "late" },
      },
    },
    {
      kind: "DriftMonitor",
      project,
      name: "delay",
      spec: { deployment: "delay", minSamples: 100, every: "5s", window: "30d", onDrift: { alert: true } },
    },
  ];
}

/** One request to the small model; `fields` replaces inputs. Answers with status and JSON. */
export async function askSmallModel(
  server: ServerProcess,
  project: string,
  id: string,
  inputs: readonly unknown[] = smallInputs(Number(id) || 0),
): Promise<{ readonly status: number; readonly json: unknown }> {
  const answer = await fetch(`${server.gatewayUrl}/v2/models/delay/infer`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${server.key}`,
      "content-type": "application/json",
      "x-millwright-project": project,
    },
    body: JSON.stringify({ id, inputs }),
  });
  return { status: answer.status, json: await answer.json() };
}

/** What a caller sends to the small model. */
export function smallInputs(count: number): readonly unknown[] {
  const tensor = (name: string, datatype: string, value: string | number) => ({
    name,
    datatype,
    shape: [1],
    data: [value],
  });
  return [
    tensor("origin", "BYTES", ["ATL", "LAS", "SFO"][count % 3] ?? "ATL"),
    tensor("distance", "FP64", 100 + ((count * 37) % 900)),
    tensor("hour", "FP64", count % 24),
    tensor("departs_at", "INT64", Date.UTC(2001, 1, 20) + count * 60_000),
  ];
}
