import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type IpAddress, isInRange, parseIp, parseIpRange, plainIp } from "./ip-range.ts";
import { refuseUpstream, type UpstreamPolicy, upstreamPolicySchema } from "./upstream-policy.ts";

const usual: UpstreamPolicy = { allow: [], deny: [], allowsLoopback: true };
const remote: UpstreamPolicy = { ...usual, allowsLoopback: false };

function ip(text: string): IpAddress {
  const address = parseIp(text);
  if (address === null) throw new Error(`${text} is no address`);
  return address;
}

function judge(policy: UpstreamPolicy, text: string, port = 8_000, host = text): string | null {
  return refuseUpstream(policy, { host, address: ip(text), port, isOwn: false, platformPorts: [7_700, 7_701] });
}

const metadata = [
  "169.254.169.254",
  "169.254.0.1",
  "fe80::1%eth0",
  "fd00:ec2::254",
  "168.63.129.16",
  "100.100.100.200",
  "::ffff:169.254.169.254",
  "64:ff9b::a9fe:a9fe",
  "2002:a9fe:a9fe::1",
  "::169.254.169.254",
];

test.each(metadata)("%s is refused whatever the lists say", (text) => {
  for (const policy of [
    usual,
    remote,
    { ...usual, allow: ["0.0.0.0/0", "::/0", text.split("%")[0] ?? "", "metadata"] },
  ]) {
    expect(judge(policy, text, 80, "metadata")).toContain("link-local");
  }
});

test.each(["127.0.0.1", "127.9.9.9", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"])(
  "%s may be reached where only this machine reaches the server, and elsewhere only when it is allowed",
  (text) => {
    expect(judge(usual, text)).toBeNull();
    const entry = text.includes(":") ? `[${text}]:8000` : `${text}:8000`;
    expect(judge(remote, text)).toContain(`MILLWRIGHT_EXTERNAL_ALLOW=${entry} `);
    expect(judge({ ...remote, allow: [entry] }, text)).toBeNull();
    expect(judge({ ...remote, allow: ["localhost"] }, text, 8_000, "localhost")).toBeNull();
  },
);

test("the platform's own ports are refused, also at an outer address of this machine, unless the port is named", () => {
  expect(judge(usual, "127.0.0.1", 7_700)).toContain("the platform's own");
  const own = { host: "box", address: ip("10.0.0.5"), port: 7_701, isOwn: true, platformPorts: [7_701] };
  expect(refuseUpstream({ ...usual, allow: ["box", "10.0.0.0/8"] }, own)).toContain("the platform's own");
  expect(refuseUpstream({ ...usual, allow: ["box:7701"] }, own)).toBeNull();
  expect(refuseUpstream(usual, { ...own, isOwn: false })).toBeNull();
});

test("private networks are allowed, and can be refused but for some", () => {
  expect(judge(usual, "10.1.2.3")).toBeNull();
  const policy = {
    ...usual,
    deny: ["0.0.0.0/0", "::/0"],
    allow: ["10.1.0.0/16", "*.engines.example", "one.example:443"],
  };
  expect(judge(policy, "10.1.2.3")).toBeNull();
  expect(judge(policy, "10.2.2.3")).toBe("MILLWRIGHT_EXTERNAL_DENY refuses it");
  expect(judge(policy, "8.8.8.8", 80, "a.engines.example")).toBeNull();
  expect(judge(policy, "8.8.8.8", 80, "engines.example")).not.toBeNull();
  expect(judge(policy, "8.8.8.8", 443, "one.example")).toBeNull();
  expect(judge(policy, "8.8.8.8", 80, "one.example")).not.toBeNull();
  expect(judge({ ...usual, deny: ["bad.example"] }, "8.8.8.8", 80, "bad.example")).not.toBeNull();
});

test.each(["10.0.0.0/33", "a b", "1.2.3", "host:0", "host:70000", "*", "10.0.0.0/8/8", "http://x", "[::1"])(
  "the entry %j is refused with what is wanted",
  (text) => {
    const result = upstreamPolicySchema.safeParse({ ...usual, allow: [text] });
    expect(result.error?.issues[0]?.message).toContain("write a host");
  },
);

describe("addresses", () => {
  test.each(["1.2.3.256", "1.2.3", "01.2.3.4.5", "::1::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "g::", "", ":"])(
    "%j is none",
    (text) => {
      expect(parseIp(text)).toBeNull();
    },
  );

  test("any address written with any part of zeros left out reads as itself", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0, 1, 0xffff, 0xfe80), { minLength: 8, maxLength: 8 }), (groups) => {
        const whole = groups.map((group) => group.toString(16)).join(":");
        const short = whole.replace(/(^|:)0(:0)+(:|$)/, "::");
        expect(parseIp(short)).toEqual(parseIp(whole));
        const value = groups.reduce((sum, group) => sum * 65_536n + BigInt(group), 0n);
        expect(parseIp(whole)).toEqual({ family: 6, value });
      }),
    );
  });

  test("a range holds exactly the addresses with its first bits", () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), fc.nat(32), (from, other, prefix) => {
        const dotted = [24, 16, 8, 0].map((shift) => (from >>> shift) & 255).join(".");
        const range = parseIpRange(`${dotted}/${prefix}`);
        if (range === null) throw new Error("it is a range");
        const sameBits = prefix === 0 || from >>> (32 - prefix) === other >>> (32 - prefix);
        expect(isInRange(range, { family: 4, value: BigInt(other) })).toBe(sameBits);
      }),
    );
  });

  test("what stands for an address of version 4 is judged as it", () => {
    const four = ip("10.0.0.5");
    for (const text of ["::ffff:10.0.0.5", "64:ff9b::10.0.0.5", "2002:a00:5::", "::10.0.0.5"]) {
      expect(plainIp(ip(text))).toEqual(four);
    }
    expect(plainIp(ip("::1"))).toEqual(ip("::1"));
    expect(plainIp(ip("fd00::1"))).toEqual(ip("fd00::1"));
  });
});
