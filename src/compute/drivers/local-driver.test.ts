import { dirname } from "node:path";
import { silentLog } from "../../platform/log.ts";
import { describeComputeDriver } from "../../../test/contracts/compute-driver.ts";
import { LocalDriver } from "./local-driver.ts";
import { readSupervisor } from "./task-files.ts";

describeComputeDriver("LocalDriver", {
  open: (folder) =>
    new LocalDriver({
      folder,
      clock: { now: () => Date.now() },
      log: silentLog,
      hostEnvironment: { PATH: process.env["PATH"] },
    }),
  signalSupervisor: (driver, task, signal) => {
    const folder = dirname(driver.taskFolder(task) ?? "");
    process.kill(readSupervisor(folder)?.pid ?? Number.NaN, signal);
  },
});
