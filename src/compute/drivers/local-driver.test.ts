import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { silentLog } from "../../platform/log.ts";
import { describeComputeDriver } from "../../../test/contracts/compute-driver.ts";
import { LocalDriver } from "./local-driver.ts";

describeComputeDriver("LocalDriver", {
  open: (folder) => new LocalDriver({ folder, clock: { now: () => Date.now() }, log: silentLog, hostEnvironment: { PATH: process.env["PATH"] } }),
  killSupervisor: (driver, task) => {
    const folder = dirname(driver.taskFolder(task) ?? "");
    process.kill(JSON.parse(readFileSync(join(folder, "supervisor.json"), "utf8")).pid, "SIGKILL");
  },
});
