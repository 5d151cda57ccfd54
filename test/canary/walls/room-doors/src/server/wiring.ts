import { driverName } from "../compute/drivers/local.ts";

/** The server may open every door. */
export const wired = [driverName];
