import { env } from "node:process"; // breaks: one-environment

const { arch } = process; // breaks: one-environment

/** Looks by itself. */
export const level = [process.env["LEVEL"], process.pid, env, arch]; // breaks: one-environment
