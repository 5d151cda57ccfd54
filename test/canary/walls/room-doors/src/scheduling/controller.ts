import type { Node } from "../compute/model.ts";
import type { Nodes } from "../compute/ports.ts";
import { nodeTable } from "../compute/store.ts"; // breaks: room-doors
import { driverName } from "../compute/drivers/local.ts"; // breaks: room-doors

/** Places by table. */
export const where = (node: Node, nodes: Nodes): string => `${node.id}/${nodes.count()}/${nodeTable}/${driverName}`;
