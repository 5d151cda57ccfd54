import * as z from "zod";
import { type IpAddress, type IpRange, isInRange, parseIpRange, plainIp } from "./ip-range.ts";

/** The names of the settings, for messages. */
export const allowSetting = "MILLWRIGHT_EXTERNAL_ALLOW";
export const denySetting = "MILLWRIGHT_EXTERNAL_DENY";

/** Entries of each list. */
const maxRules = 1_000;

const ruleSchema = z
  .string()
  .max(300)
  .refine(
    (text) => parseRule(text) !== null,
    "write a host, *.domain, an address or a range such as 10.0.0.0/8, each with :PORT or without",
  );

/** Which addresses deployments of `runtime: external` may reach. */
export const upstreamPolicySchema = z.object({
  /** What is allowed although the rules below, or the defaults, refuse it. */
  allow: z.array(ruleSchema).max(maxRules),
  deny: z.array(ruleSchema).max(maxRules),
  /** Whether this machine itself may be reached at all. */
  allowsLoopback: z.boolean(),
});

export type UpstreamPolicy = Readonly<z.infer<typeof upstreamPolicySchema>>;

/** Where a connection is about to go. */
export interface UpstreamPlace {
  /** As the deployment writes it, in lower case and without brackets. */
  readonly host: string;
  readonly address: IpAddress;
  readonly port: number;
  /** Whether the address is one of this machine's. */
  readonly isOwn: boolean;
  /** Ports on which the platform itself listens. */
  readonly platformPorts: readonly number[];
}

type Rule = { readonly port: number | null } & (
  | { readonly kind: "host"; readonly host: string }
  | { readonly kind: "domain"; readonly suffix: string }
  | { readonly kind: "range"; readonly range: IpRange }
);

const ranges = (...texts: readonly string[]): readonly IpRange[] =>
  texts.flatMap((text) => {
    const range = parseIpRange(text);
    return range === null ? [] : [range];
  });

/** Who asks there gets the keys of the machine: nobody serves models there. Clouds': AWS, Azure, Alibaba, Oracle. */
const metadata = ranges(
  "169.254.0.0/16",
  "fe80::/10",
  "fd00:ec2::254",
  "168.63.129.16",
  "100.100.100.200",
  "192.0.0.192",
);
const manyHosts = ranges("224.0.0.0/4", "255.255.255.255", "ff00::/8");
const loopback = ranges("127.0.0.0/8", "0.0.0.0/8", "::1", "::");

/** Whether who listens at an address is reached from its own machine only. */
export function isLoopbackOnly(address: IpAddress): boolean {
  const plain = plainIp(address);
  return ranges("127.0.0.0/8", "::1").some((range) => isInRange(range, plain));
}

/**
 * Says why a connection may not be made; null when it may.
 *
 * Link-local addresses, those of clouds' metadata and of many hosts are refused whatever the lists say. Then `allow` counts before
 * `deny`; then the platform's own ports are refused, which only an entry with the port allows, and loopback where the policy
 * says so. All else is allowed: engines stand in private networks.
 */
export function refuseUpstream(policy: UpstreamPolicy, place: UpstreamPlace): string | null {
  const address = plainIp(place.address);
  const isIn = (list: readonly IpRange[]): boolean => list.some((range) => isInRange(range, address));
  if (isIn(metadata)) return "it is link-local or a cloud's metadata, which no deployment may reach";
  if (isIn(manyHosts)) return "it is no single machine's address";
  const isOwn = place.isOwn || isIn(loopback);
  const isPlatform = isOwn && place.platformPorts.includes(place.port);
  const matches = (text: string, needsPort: boolean): boolean => {
    const rule = parseRule(text);
    return (
      rule !== null &&
      (rule.port === place.port || (rule.port === null && !needsPort)) &&
      isOf(rule, place.host, address)
    );
  };
  if (policy.allow.some((text) => matches(text, isPlatform))) return null;
  if (policy.deny.some((text) => matches(text, false))) return `${denySetting} refuses it`;
  if (isPlatform)
    return `port ${place.port} is the platform's own; ${allowSetting} with this host and port would allow it`;
  if (isIn(loopback) && !policy.allowsLoopback) {
    return `it is this machine's loopback, and the server is reached from elsewhere; ${allowSetting}=${entryOf(place)} would allow it`;
  }
  return null;
}

function entryOf({ host, port }: UpstreamPlace): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function isOf(rule: Rule, host: string, address: IpAddress): boolean {
  switch (rule.kind) {
    case "host":
      return rule.host === host;
    case "domain":
      return host.endsWith(rule.suffix);
    case "range":
      return isInRange(rule.range, address);
  }
}

/** Addresses are judged as what they stand for, so a single one in a list is read the same way. */
function plainRange({ from, prefix }: IpRange): IpRange {
  const plain = plainIp(from);
  return prefix === 128 && plain.family === 4 ? { from: plain, prefix: 32 } : { from, prefix };
}

function parseRule(text: string): Rule | null {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text);
  const parts = bracketed ?? /^([^:]+):(\d{1,5})$/.exec(text);
  const [, bare = text, digits] = parts ?? [];
  const port = digits === undefined ? null : Number(digits);
  if (port !== null && (port < 1 || port > 65_535)) return null;
  const range = parseIpRange(bare);
  if (range !== null) return { kind: "range", range: plainRange(range), port };
  const name = bare.toLowerCase();
  if (!/^(\*\.)?[a-z0-9_]([a-z0-9._-]*[a-z0-9])?$/.test(name) || /^[\d./]+$/.test(name)) return null;
  return name.startsWith("*.") ? { kind: "domain", suffix: name.slice(1), port } : { kind: "host", host: name, port };
}
