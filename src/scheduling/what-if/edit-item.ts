import { unreachable } from "../../base/exhaustive.ts";
import type { WorkItem } from "../engine/model.ts";
import type { TriedEdit } from "./model.ts";

/** A workload with one of its fields changed. */
export function editItem(item: WorkItem, edit: TriedEdit): WorkItem {
  const { shape } = item;
  switch (edit.field) {
    case "shape.gpu.count":
      return { ...item, shape: { ...shape, gpu: { kind: "whole", count: edit.to } } };
    case "shape.gpu.millis":
      return { ...item, shape: { ...shape, gpu: { kind: "share", millis: edit.to } } };
    case "shape.gpu.profile":
      return { ...item, shape: { ...shape, gpu: { kind: "mig", profile: edit.to } } };
    case "shape.gpuModels":
      return { ...item, shape: { ...shape, gpuModels: edit.to } };
    case "shape.cpuMillis":
      return { ...item, shape: { ...shape, cpuMillis: edit.to } };
    case "shape.memory":
      return { ...item, shape: { ...shape, memory: edit.to } };
    case "members":
      return { ...item, members: edit.to };
    case "topology":
      return { ...item, topology: edit.to };
    case "limitMs":
      return { ...item, limitMs: edit.to };
    case "pools":
      return { ...item, pools: edit.to };
    case "priority":
      return { ...item, priority: edit.to };
    default:
      return unreachable(edit);
  }
}
