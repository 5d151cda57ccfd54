import { type LookupAddress, lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { networkInterfaces } from "node:os";
import { buildConnector } from "undici";
import type { Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { parseIp } from "../ip-range.ts";
import { refuseUpstream, type UpstreamPolicy } from "../upstream-policy.ts";

/** Finds all addresses of a name. */
export type ResolveName = (name: string) => Promise<readonly LookupAddress[]>;

const resolveBySystem: ResolveName = async (name) =>
  await new Promise((resolve, reject) => {
    lookup(name, { all: true }, (error, found) => (error === null ? resolve(found) : reject(error)));
  });

/** Judges the connections to one upstream. A name is judged when it is looked up; an address that is written out never is. */
export interface UpstreamJudge {
  /** Finds the addresses that may be reached, when a connection is made. */
  readonly lookUp: LookupFunction;
  /** Why an address that is written out may not be reached now; null for a name, and for one that may. */
  readonly refusal: () => Fault | null;
}

/**
 * Keeps connections to addresses that deployments name to those that the server's policy allows.
 *
 * Judged is what a name resolves to at the moment of each connection, so that a name that points elsewhere later gains nothing.
 */
export class UpstreamGuard {
  readonly #policy: UpstreamPolicy;
  readonly #platformPorts: () => readonly number[];
  readonly #resolve: ResolveName;

  /** @param platformPorts those on which the platform itself listens, at every moment. */
  constructor(policy: UpstreamPolicy, platformPorts: () => readonly number[], resolve: ResolveName = resolveBySystem) {
    this.#policy = policy;
    this.#platformPorts = platformPorts;
    this.#resolve = resolve;
  }

  /** @throws {Fault} `serving.upstream-refused` when no connection to the address may be made now. */
  async check(url: string): Promise<void> {
    const target = targetOf(new URL(url));
    await this.#allowed(target);
  }

  /** What judges each connection to one upstream. */
  judge(url: URL): UpstreamJudge {
    const target = targetOf(url);
    const lookUp: LookupFunction = (_name, options, done) => {
      this.#allowed(target).then(
        (addresses) => {
          const [first] = addresses;
          if (options.all === true) done(null, [...addresses]);
          else done(null, first?.address ?? "", first?.family);
        },
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), ""),
      );
    };
    const refusal = (): Fault | null => {
      const why = parseIp(target.host) === null ? null : this.#refuse(target, target.host);
      return why === null ? null : refusedFault(target, why);
    };
    return { lookUp, refusal };
  }

  /** What makes the connections of one upstream for undici. */
  connector(url: URL, timeoutMs: Millis): buildConnector.connector {
    const { lookUp, refusal } = this.judge(url);
    const connect = buildConnector({ timeout: timeoutMs, lookup: lookUp });
    return (options, done) => {
      const fault = refusal();
      if (fault === null) connect(options, done);
      else done(fault, null);
    };
  }

  /** The addresses of a target that may be reached; at least one. */
  async #allowed(target: Target): Promise<readonly LookupAddress[]> {
    const known = parseIp(target.host);
    const found = known === null ? await this.#resolve(target.host) : [{ address: target.host, family: known.family }];
    const allowed = found.filter(({ address }) => this.#refuse(target, address) === null);
    if (allowed.length > 0) return allowed;
    const refusal = found.length === 0 ? "its name has no address" : this.#refuse(target, found[0]?.address ?? "");
    throw refusedFault(target, refusal ?? "its name has no address");
  }

  #refuse({ host, port }: Target, text: string): string | null {
    const address = parseIp(text);
    if (address === null) return "its name has no address that is understood";
    const isOwn = ownAddresses().has(text);
    return refuseUpstream(this.#policy, { host, address, port, isOwn, platformPorts: this.#platformPorts() });
  }
}

interface Target {
  readonly host: string;
  readonly port: number;
}

function targetOf({ hostname, port, protocol }: URL): Target {
  const host = hostname
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
  return { host, port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port) };
}

function ownAddresses(): ReadonlySet<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)));
}

function refusedFault({ host, port }: Target, why: string): Fault {
  return new Fault(
    "serving.upstream-refused",
    `external.url wants an address that the server lets deployments reach, found ${host} port ${port}: ${why}`,
  );
}
