import type { ServerProcess } from "../server-process.ts";
import { until } from "../until.ts";

/** What every resource's status tells. */
export interface ObservedStatus {
  readonly phase: string;
  readonly conditions: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
  readonly [field: string]: unknown;
}

/** A model version as the API shows it. */
export interface ShownVersion {
  readonly id: string;
  readonly model: string;
  readonly state: string;
}

/** The admin's hands in one project of a running server; `server` gives the one that runs now. */
export class ProjectSession {
  readonly project: string;
  readonly #server: () => ServerProcess;

  constructor(server: () => ServerProcess, project: string) {
    this.#server = server;
    this.project = project;
  }

  /** A manifest of this project. */
  resource(kind: string, name: string, spec: unknown): unknown {
    return { kind, project: this.project, name, spec };
  }

  /** Applies manifests; anything but success fails the test with the server's words. */
  async apply(...manifests: readonly unknown[]): Promise<void> {
    const answer = await this.#server().call("POST", "/api/v1/apply", { manifests });
    if (answer.status !== 200) throw new Error(`apply was answered with ${JSON.stringify(answer)}`);
  }

  /** Reads something of this project. */
  async read<Answer>(path: string): Promise<Answer> {
    const answer = await this.#server().call("GET", `/api/v1/projects/${this.project}/${path}`);
    if (answer.status !== 200) throw new Error(`${path} was answered with ${JSON.stringify(answer)}`);
    return answer.json as Answer;
  }

  async status(plural: string, name: string): Promise<ObservedStatus> {
    return (await this.read<{ readonly status: ObservedStatus }>(`${plural}/${name}`)).status;
  }

  /** Waits until a resource's status is as wanted. */
  async observed(plural: string, name: string, isWanted: (status: ObservedStatus) => boolean): Promise<ObservedStatus> {
    let last: ObservedStatus | undefined;
    return await until(`${plural}/${name} is as wanted`, async () => {
      last = await this.status(plural, name);
      return isWanted(last) && last;
    }).catch((error: unknown) => {
      throw new Error(`${plural}/${name} stayed ${JSON.stringify(last)}`, { cause: error });
    });
  }

  /** Waits until a resource is in one of these phases. */
  async reached(plural: string, name: string, ...phases: readonly string[]): Promise<ObservedStatus> {
    return await this.observed(plural, name, (status) => phases.includes(status.phase));
  }

  async versions(): Promise<readonly ShownVersion[]> {
    return (await this.read<{ readonly items: readonly ShownVersion[] }>("model-versions")).items;
  }

  /** What a workload wrote to its standard output. */
  async log(workload: string): Promise<string> {
    const { controlUrl, key } = this.#server();
    const answer = await fetch(
      `${controlUrl}/api/v1/projects/${this.project}/workloads/${workload}/logs?stream=stdout`,
      { headers: { authorization: `Bearer ${key}` } },
    );
    return await answer.text();
  }
}

/** The message of the status's only condition. */
export function messageOf(status: ObservedStatus): string {
  return status.conditions.map((condition) => condition.message).join("; ");
}
