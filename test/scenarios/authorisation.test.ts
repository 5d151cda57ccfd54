import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endPostgres, type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";
import { ProjectSession } from "./project-session.ts";
import { judgedLineage, smallChain, writeSmallFlights } from "./small-chain.ts";

/** The project that strangers must not see; its name is in everything that belongs to it. */
const project = "walled";
/** A streamed answer (a watch) is left after its first bytes. */
const firstBytesMs = 1_000;

/** Addresses that answer without a key; everything else asks for one. */
const openRoutes = new Set([
  "GET /health",
  "GET /version",
  "GET /api/3.0/mlflow/server-info",
  "GET /ajax-api/3.0/mlflow/server-info",
  "GET /api/v1/openapi.json",
]);

/** The user interface's files, which are in no API document. */
const openPages = ["/", "/runs", "/models"];

/** Lists that every key may read; what they show is narrowed to the caller's projects. */
const narrowedLists = new Set([
  "GET /api/v1/whoami",
  "GET /api/v1/status",
  "GET /api/v1/events",
  "GET /api/v1/watch",
  "GET /api/v1/workloads",
  "GET /api/v1/queue",
  "GET /api/v1/quota-usage",
  "GET /api/v1/schedule",
  "GET /api/v1/usage",
  "GET /api/v1/usage/queue",
  "GET /api/v1/alerts",
  ...["datasets", "pipelines", "feature-views", "models", "training-jobs", "evaluations", "deployments"].map(
    (plural) => `GET /api/v1/${plural}`,
  ),
  "GET /api/v1/drift-monitors",
]);

/** What belongs to the whole platform and every key may read: who there is and where work runs. */
const commonReads = new Set([
  "GET /api/v1/planning/catalog",
  "GET /api/v1/planning/calibration",
  ...["teams", "projects", "pools", "quotas", "reservations", "traffic-limits"].flatMap((plural) => [
    `GET /api/v1/${plural}`,
    `GET /api/v1/${plural}/{name}`,
  ]),
]);

/** Only for admins of the whole platform; an auditor's reads ask for the platform as well. */
const platformRoutes = new Set([
  "POST /api/v1/planning/telemetry",
  "GET /api/v1/audit/verify",
  "GET /api/v1/audit/checkpoint",
  "GET /api/v1/identities",
  "POST /api/v1/identities",
  "POST /api/v1/keys",
  "DELETE /api/v1/keys/{id}",
  ...["teams", "projects", "pools", "quotas", "reservations", "traffic-limits"].map(
    (plural) => `DELETE /api/v1/${plural}/{name}`,
  ),
]);

/** Decisions that a member may not take. */
const approverRoutes = new Set(
  [
    "model-versions/{id}/approve",
    "model-versions/{id}/reject",
    "model-versions/{id}/retire",
    "deployments/{name}/rollout",
  ].map((path) => `POST /api/v1/projects/{project}/${path}`),
);

/** Judges each manifest by itself: see its own test. */
const applyRoute = "POST /api/v1/apply";

/** Looks at a copy, for every key; whose names it tells is narrowed: see its own test. */
const whatIfRoute = "POST /api/v1/whatif";

/** Compute over their own body alone: every key may ask. */
const planningRoutes = new Set(
  ["plan", "size-training", "size-inference", "cost", "advise", "site"].map((kind) => `POST /api/v1/planning/${kind}`),
);

/** Who asks. `rank` is what the role allows in the project's team: 0 reads, 1 writes, 2 approves. */
const callers = [
  { name: "stranger", team: "others", role: "viewer", rank: -1, isPlatform: false },
  { name: "other-admin", team: "others", role: "admin", rank: -1, isPlatform: false },
  { name: "viewer", team: "owners", role: "viewer", rank: 0, isPlatform: false },
  { name: "member", team: "owners", role: "member", rank: 1, isPlatform: false },
  { name: "approver", team: "owners", role: "approver", rank: 2, isPlatform: false },
  { name: "team-admin", team: "owners", role: "admin", rank: 3, isPlatform: false },
  { name: "admin", team: "*", role: "admin", rank: 3, isPlatform: true },
] as const;

type Caller = (typeof callers)[number];

interface ApiRoute {
  readonly method: string;
  readonly path: string;
  /** `METHOD /path`, as the tables above name it. */
  readonly name: string;
}

let directory: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;
let routes: readonly ApiRoute[];
/** What stands for the parameters of a path that reads. */
let places: Readonly<Record<string, string>>;
const keys = new Map<string, string>();
const session = new ProjectSession(() => server, project);

beforeAll(async () => {
  directory = await temporaryDataDirectory();
  const flights = join(dirname(directory.path), "flights.parquet");
  await writeSmallFlights(flights);
  server = await startServerProcess({ dataDir: directory.path, cwd: "/" });
  await session.apply(
    { kind: "Team", name: "owners", spec: {} },
    { kind: "Team", name: "others", spec: {} },
    { kind: "Quota", name: "owners", spec: { team: "owners", gpus: { H100: { nominal: 8 } } } },
    { kind: "Project", name: project, spec: { team: "owners" } },
    { kind: "Project", name: "open-country", spec: { team: "others" } },
    ...smallChain(project, flights).slice(1),
  );
  await judgedLineage(() => server, project);
  for (const { name, team, role } of callers) {
    if (name !== "admin") await server.call("POST", "/api/v1/identities", { name, team, role });
    const issued = await server.call("POST", "/api/v1/keys", { identity: name });
    keys.set(name, (issued.json as { readonly key: string }).key);
  }
  routes = await readRoutes();
  places = await readPlaces();
});

afterAll(async () => {
  await server.end("SIGTERM");
  await endPostgres(directory.path).catch(() => undefined);
  await directory.remove();
});

async function readRoutes(): Promise<readonly ApiRoute[]> {
  const { json } = await server.call("GET", "/api/v1/openapi.json");
  const { paths } = json as { readonly paths: Readonly<Record<string, object>> };
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => ({ method: method.toUpperCase(), path })),
  );
  // The document does not describe itself.
  return [...described, { method: "GET", path: "/api/v1/openapi.json" }].map((each) => ({
    ...each,
    name: `${each.method} ${each.path}`,
  }));
}

async function readPlaces(): Promise<Readonly<Record<string, string>>> {
  const [version] = await session.versions();
  const { status } = await session.read<{ readonly status: Readonly<Record<string, string>> }>("training-jobs/learn");
  const reports = await session.read<{ readonly items: readonly { readonly id: string }[] }>("evaluation-reports");
  const { id: trainingSet } = (status["trainingSet"] ?? {}) as { readonly id?: string };
  return {
    project,
    datasets: "raw",
    pipelines: "prepare",
    "feature-views": "origin-delays",
    models: "delay",
    "training-jobs": "learn",
    evaluations: "next-week",
    workloads: status["workloadId"] ?? "",
    runs: status["runId"] ?? "",
    "model-versions": version?.id ?? "",
    "evaluation-reports": reports.items[0]?.id ?? "",
    "training-sets": trainingSet ?? "",
    projects: project,
    teams: "owners",
    pools: "local",
    quotas: "owners",
    reservations: "night",
    rest: "model/model.json",
  };
}

/** The route's address: reads name what there is, everything else what there is not, so that nothing is changed. */
function addressOf(route: ApiRoute): string {
  const parts = route.path.split("/");
  return parts
    .map((part, index) => {
      const parameter = /^\{(\w+)\}$/.exec(part)?.[1];
      if (parameter === undefined) return part;
      if (parameter === "project") return project;
      const holder = parameter === "rest" ? "rest" : (parts[index - 1] ?? "");
      return route.method === "GET" ? (places[holder] ?? "nothing-here") : "nothing-here";
    })
    .join("/");
}

interface Answered {
  readonly status: number;
  /** The beginning of the body. */
  readonly text: string;
}

async function ask(route: Pick<ApiRoute, "method">, address: string, key: string | undefined): Promise<Answered> {
  const left = new AbortController();
  const answer = await fetch(`${server.controlUrl}${address}`, {
    method: route.method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      // Routes of MLflow's API name no project in their path.
      ...(address.includes("/mlflow") ? { "x-mlflow-workspace": project } : {}),
    },
    signal: left.signal,
  });
  const isEndless = answer.headers.get("content-type")?.startsWith("text/event-stream") === true;
  const timer = setTimeout(() => left.abort(), isEndless ? firstBytesMs : 2 ** 30);
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of answer.body ?? []) chunks.push(chunk as Uint8Array);
  } catch (error) {
    if (!left.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  return { status: answer.status, text: Buffer.concat(chunks).toString("utf8") };
}

/** Searches are sent as POST because their filters are long, questions to models because of their prompts: they only read. */
function isReading(route: ApiRoute): boolean {
  const readsByPost = /\/mlflow\/[\w-]+\/search$|\/deployments\/\{name\}\/invoke\/\{rest\}$/;
  return route.method === "GET" || (route.method === "POST" && readsByPost.test(route.path));
}

/** Whether a caller passes the gate of a route: what is behind it may still be missing or not as wanted. */
function mayPass(route: ApiRoute, caller: Caller): boolean {
  const { name } = route;
  if (openRoutes.has(name) || narrowedLists.has(name) || commonReads.has(name)) return true;
  if (name === applyRoute || name === whatIfRoute || planningRoutes.has(name)) return true;
  if (platformRoutes.has(name)) return caller.isPlatform;
  const wanted = approverRoutes.has(name) ? 2 : isReading(route) ? 0 : 1;
  return caller.rank >= wanted;
}

test("every route of the tables is a route of the server", () => {
  const served = new Set(routes.map((route) => route.name));
  const named = [...openRoutes, ...narrowedLists, ...commonReads, ...platformRoutes, ...approverRoutes];
  named.push(applyRoute, whatIfRoute, ...planningRoutes);

  expect(named.filter((name) => !served.has(name))).toEqual([]);
  const scoped = routes.filter((route) => /\{project\}|\/mlflow/.test(route.path));
  const unknown = routes.filter((route) => !scoped.includes(route) && !named.includes(route.name));
  expect(unknown.map((route) => route.name)).toEqual([]);
});

test("without a key, and with one that nobody issued, every route but the open ones answers 401", async () => {
  const wrong: string[] = [];
  for (const route of routes) {
    for (const key of [undefined, "mw_guess"]) {
      const { status } = await ask(route, addressOf(route), key);
      const isRight = openRoutes.has(route.name) ? status === 200 : status === 401;
      if (!isRight) wrong.push(`${route.name} with ${key ?? "no key"}: ${status}`);
    }
  }
  expect(wrong).toEqual([]);
});

test.each(openPages)("the page %s is open, and carries nothing of a project", async (page) => {
  const { status, text } = await ask({ method: "GET" }, page, undefined);

  // 404: a tree whose user interface was not built has its first page only.
  expect(page === "/" ? [200] : [200, 404]).toContain(status);
  expect(text).not.toContain(project);
});

describe.each(callers)("$name ($role of team $team)", (caller) => {
  test("passes exactly the gates of that role", async () => {
    const wrong: string[] = [];
    for (const route of routes) {
      const { status } = await ask(route, addressOf(route), keys.get(caller.name));
      const hasPassed = status !== 401 && status !== 403;
      if (status >= 500 || hasPassed !== mayPass(route, caller)) wrong.push(`${route.name}: ${status}`);
    }
    expect(wrong).toEqual([]);
  });
});

test("each read that strangers are refused shows the project's people what there is", async () => {
  const wrong: string[] = [];
  const scoped = routes.filter((route) => route.method === "GET" && route.path.includes("{project}"));
  for (const route of scoped) {
    const address = addressOf(route);
    // No deployment and no monitor is needed to know who may read them; metrics want a query.
    if (address.includes("nothing-here") || address.endsWith("/runs/metrics")) continue;
    const { status } = await ask(route, address, keys.get("viewer"));
    if (status !== 200) wrong.push(`${route.name}: ${status}`);
  }
  expect(wrong).toEqual([]);
});

test("what strangers may list names nothing of the project, and the project's own people find it there", async () => {
  const leaks: string[] = [];
  for (const list of narrowedLists) {
    const path = list.slice("GET ".length);
    for (const query of ["", `?project=${project}`, "?since=0", `?since=0&project=${project}`]) {
      if (query.includes("since") !== path.endsWith("/watch")) continue;
      for (const { name } of callers.filter((caller) => caller.rank < 0)) {
        const { text } = await ask({ method: "GET" }, `${path}${query}`, keys.get(name));
        if (text.includes(project)) leaks.push(`${name} ${path}${query}: ${text.slice(0, 200)}`);
      }
    }
  }
  expect(leaks).toEqual([]);
  for (const path of [
    "datasets",
    "pipelines",
    "models",
    "training-jobs",
    "evaluations",
    "workloads",
    "events",
    "watch?since=0",
  ])
    await until(`${path} tells a viewer of the project`, async () =>
      (await ask({ method: "GET" }, `/api/v1/${path}`, keys.get("viewer"))).text.includes(project),
    );
});

test("a change that a stranger tries out tells nothing of the project's workloads, not even that they are there", async () => {
  const submit = [{ name: "mine", project: "open-country", pools: ["local"] }];
  for (const { name } of callers.filter((caller) => caller.rank < 0)) {
    const answer = await server.call("POST", "/api/v1/whatif", { submit }, keys.get(name));
    expect(answer).toMatchObject({ status: 200, json: { starts: [{ name: "WhatIf/mine" }] } });
    expect(JSON.stringify(answer.json)).not.toContain(project);
    const cancel = [places["workloads"]];
    expect(await server.call("POST", "/api/v1/whatif", { cancel }, keys.get(name))).toMatchObject({
      status: 400,
      json: { error: { message: expect.stringContaining("there is no workload") } },
    });
  }
});

test("ids of one project open nothing through another one's address or workspace", async () => {
  const key = keys.get("other-admin");
  const { runs, workloads } = places;
  const version = places["model-versions"];
  const report = places["evaluation-reports"];
  const trainingSet = places["training-sets"];
  const elsewhere = [
    `runs/${runs}`,
    `runs/${runs}/artifacts`,
    `runs/${runs}/artifacts/model/model.json`,
    `workloads/${workloads}`,
    `workloads/${workloads}/logs`,
    `workloads/${workloads}/why`,
    `model-versions/${version}`,
    `model-versions/${version}/lineage`,
    `evaluation-reports/${report}`,
    `training-sets/${trainingSet}/profile`,
    "datasets/raw/rows",
  ].map((path) => `/api/v1/projects/open-country/${path}`);
  for (const address of elsewhere) {
    const { status, text } = await ask({ method: "GET" }, address, key);
    expect({ address, status, isTold: text.includes(project) }).toEqual({ address, status: 404, isTold: false });
  }
  const run = await fetch(`${server.controlUrl}/api/2.0/mlflow/runs/get?run_id=${runs}`, {
    headers: { authorization: `Bearer ${key}`, "x-mlflow-workspace": "open-country" },
  });
  expect(run.status).toBe(404);
});

describe("apply", () => {
  const dataset = { kind: "Dataset", project, name: "planted", spec: {} };
  const team = { kind: "Team", name: "planted", spec: {} };
  const takeover = { kind: "Project", name: project, spec: { team: "others" } };
  const manifestsOf = { dataset: [dataset], team: [team], takeover: [takeover], mixed: [dataset, team] };
  const table: readonly (readonly [Caller["name"], keyof typeof manifestsOf, number])[] = [
    ["stranger", "dataset", 403],
    ["other-admin", "dataset", 403],
    ["viewer", "dataset", 403],
    ["member", "dataset", 200],
    ["approver", "dataset", 200],
    ["member", "team", 403],
    ["team-admin", "team", 403],
    ["other-admin", "takeover", 403],
    ["team-admin", "takeover", 403],
    ["member", "mixed", 403],
    ["admin", "mixed", 200],
  ];

  test.each(table)("by %s of %s is answered with %i", async (name, what, status) => {
    const manifests = manifestsOf[what];

    const answer = await server.call("POST", "/api/v1/apply", { manifests, dryRun: true }, keys.get(name));

    expect(answer).toMatchObject({ status });
    if (status === 403)
      expect(answer.json).toMatchObject({
        error: { code: "tenancy.forbidden", message: expect.stringMatching(/may not .*; ask .* for the role/) },
      });
  });

  test("that is refused for one manifest applies none of them", async () => {
    await server.call("POST", "/api/v1/apply", { manifests: [dataset, team] }, keys.get("member"));

    expect(await server.call("GET", `/api/v1/projects/${project}/datasets/planted`)).toMatchObject({ status: 404 });
  });
});
