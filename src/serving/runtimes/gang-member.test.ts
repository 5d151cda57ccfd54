import { expect, test } from "vitest";
import { gangMember } from "./gang-member.ts";

test("a replica of one machine needs no names and listens on loopback", () => {
  expect(gangMember(1, {})).toEqual({ rank: 0, master: "127.0.0.1", masterPort: 29_500, address: null });
  expect(gangMember(1, { MILLWRIGHT_NODE_ADDRESS: "10.0.0.7" })?.address).toBe("10.0.0.7");
});

test.each([
  ["Millwright", { MILLWRIGHT_RANK: "1" }],
  ["torchrun", { RANK: "1" }],
  ["Slurm", { SLURM_PROCID: "1" }],
  ["Kubernetes", { JOB_COMPLETION_INDEX: "1" }],
])("a member reads its place as %s writes it", (_who, names) => {
  expect(gangMember(2, { ...names, MASTER_ADDR: "node-a" })).toEqual({
    rank: 1,
    master: "node-a",
    masterPort: 29_500,
    address: null,
  });
});

test("gangs that share a machine meet at the port that they are told", () => {
  expect(gangMember(2, { RANK: "1", MASTER_ADDR: "a", MASTER_PORT: "31234" })?.masterPort).toBe(31_234);
});

test("the first member is reached where the others meet it", () => {
  expect(gangMember(2, { SLURM_PROCID: "0", MASTER_ADDR: "node-a" })?.address).toBe("node-a");
});

test.each([
  ["no rank", { MASTER_ADDR: "a" }],
  ["no master", { MILLWRIGHT_RANK: "0" }],
  ["a rank beyond the gang", { MILLWRIGHT_RANK: "2", MASTER_ADDR: "a" }],
  ["a rank that is no number", { MILLWRIGHT_RANK: "x", MASTER_ADDR: "a" }],
])("with %s a member of a gang does not know its place", (_what, names) => {
  expect(gangMember(2, names)).toBeUndefined();
});
