import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "../platform/files.ts";
import type { Gatekeeper } from "../platform/ports.ts";
import type { ResourceStore } from "../platform/resource-store.ts";
import { adminIdentity, defaultProject, defaultTeam, everyTeam } from "../tenancy/model.ts";
import type { Identities } from "../tenancy/drivers/identities.ts";

/** Who acts when the server sets itself up. */
const systemActor = "system";

/**
 * Makes what the first start needs: the admin with a key in `admin.key` (mode 600), the default team and project.
 * Safe to repeat after a crash at any point; a key file that no longer works is replaced.
 */
export async function bootstrap(
  dataDirectory: string,
  identities: Identities,
  gatekeeper: Gatekeeper,
  resources: ResourceStore,
): Promise<{ readonly keyFile: string }> {
  const keyFile = join(dataDirectory, "admin.key");
  if (!(await hasWorkingKey(keyFile, gatekeeper))) {
    await identities.put(systemActor, { name: adminIdentity, kind: "person" }, { team: everyTeam, role: "admin" });
    const issued = await identities.issueKey(systemActor, {
      identity: adminIdentity,
      project: null,
      expiresInMs: null,
    });
    await writeFileAtomically(keyFile, `${issued.key}\n`, 0o600);
  }
  await resources.apply(systemActor, {
    kind: "Team",
    name: defaultTeam,
    spec: { description: "The team of the first start." },
  });
  await resources.apply(systemActor, {
    kind: "Project",
    name: defaultProject,
    spec: { team: defaultTeam, description: "The project of the first start." },
  });
  return { keyFile };
}

async function hasWorkingKey(keyFile: string, gatekeeper: Gatekeeper): Promise<boolean> {
  if (!existsSync(keyFile)) return false;
  const key = (await readFile(keyFile, "utf8")).trim();
  return await gatekeeper.authenticate(key).then(
    () => true,
    () => false,
  );
}
