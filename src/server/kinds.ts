import type { KindDefinition } from "../platform/resource.ts";
import { projectKind, teamKind } from "../tenancy/model.ts";

/** Every kind of resource, in the order in which `apply` of a folder would best meet them. */
export const kinds: readonly KindDefinition[] = [teamKind, projectKind] as never;
