import type { Controller } from "../platform/controller.ts";
import type { Platform } from "../platform/platform.ts";
import { parseRefKey, refKey } from "../platform/resource.ts";
import { modelKind } from "./model.ts";
import { modelStatus } from "./model-status.ts";
import type { RegistryStore } from "./store.ts";

/** Keeps the status of models true to their versions. */
export function modelController(platform: Pick<Platform, "resources" | "clock">, store: RegistryStore): Controller {
  return {
    name: "model",
    concurrency: 2,
    keysOf(event) {
      if (event.subject.kind === modelKind.kind) return [refKey(event.subject)];
      const { model } = event.data;
      if (event.subject.kind !== "ModelVersion" || typeof model !== "string") return [];
      return [refKey({ kind: modelKind.kind, project: event.subject.project, name: model })];
    },
    async reconcile(key, lease) {
      const { project, name } = parseRefKey(key);
      const model = await platform.resources.get(modelKind, project, name);
      if (model === undefined || project === null) return { kind: "settled" };
      const versions = await store.list(project, name);
      const status = modelStatus(model.status, versions, platform.clock.now());
      const message = `${name}: ${status.versions} versions, champion ${status.champion ?? "none"}`;
      await platform.resources.observe(modelKind, model, status, { lease, message });
      return { kind: "settled" };
    },
  };
}
