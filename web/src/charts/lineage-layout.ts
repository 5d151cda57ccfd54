/** A thing that a model came from, or that came from it. */
export interface LineageNode {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly note: string;
}

export interface LineageEdge {
  readonly from: string;
  readonly to: string;
}

/** Where a node is drawn: its column (0 is the oldest ancestor) and its place in the column, both in whole steps. */
export interface PlacedNode extends LineageNode {
  readonly column: number;
  readonly place: number;
}

const sweeps = 6;

/**
 * Lays a lineage out from left to right: every edge leads to a later column, and nodes stand near what they
 * are joined to, so that few edges cross.
 *
 * Columns by longest path; order within columns by repeated barycentres (Sugiyama, Tagawa and Toda 1981,
 * section 3). Edges that name unknown nodes are ignored; a cycle is cut where it closes.
 */
export function layOutLineage(nodes: readonly LineageNode[], edges: readonly LineageEdge[]): readonly PlacedNode[] {
  const known = new Set(nodes.map((node) => node.id));
  const inside = edges.filter((edge) => known.has(edge.from) && known.has(edge.to) && edge.from !== edge.to);
  const columns = columnsOf(nodes, inside);
  const byColumn: LineageNode[][] = [];
  for (const node of nodes) (byColumn[columns.get(node.id) ?? 0] ??= []).push(node);
  for (let sweep = 0; sweep < sweeps; sweep += 1) orderColumns(byColumn, inside, sweep % 2 === 0);
  return byColumn.flatMap((column, index) => column.map((node, place) => ({ ...node, column: index, place })));
}

function columnsOf(nodes: readonly LineageNode[], edges: readonly LineageEdge[]): ReadonlyMap<string, number> {
  const parents = new Map<string, string[]>();
  for (const edge of edges) parents.set(edge.to, [...(parents.get(edge.to) ?? []), edge.from]);
  const columns = new Map<string, number>();
  const visit = (id: string, path: ReadonlySet<string>): number => {
    const done = columns.get(id);
    if (done !== undefined) return done;
    const below = new Set(path).add(id);
    let column = 0;
    for (const parent of parents.get(id) ?? []) {
      if (!below.has(parent)) column = Math.max(column, visit(parent, below) + 1);
    }
    columns.set(id, column);
    return column;
  };
  for (const node of nodes) visit(node.id, new Set());
  // What has no ancestor stands right before the first thing it feeds, so that its edge crosses no column.
  for (const node of nodes) {
    if (parents.has(node.id)) continue;
    const fed = edges.filter((edge) => edge.from === node.id).map((edge) => columns.get(edge.to) ?? 0);
    if (fed.length > 0) columns.set(node.id, Math.max(0, Math.min(...fed) - 1));
  }
  return columns;
}

function orderColumns(byColumn: LineageNode[][], edges: readonly LineageEdge[], isForward: boolean): void {
  const places = new Map<string, number>();
  const remember = (column: readonly LineageNode[] | undefined): void => {
    column?.forEach((node, place) => places.set(node.id, place - (column.length - 1) / 2));
  };
  for (const column of byColumn) remember(column);
  const indices = byColumn.map((_, index) => index);
  for (const index of isForward ? indices : indices.toReversed()) {
    const column = byColumn[index];
    if (column === undefined) continue;
    const weights = new Map(column.map((node) => [node.id, barycentre(node.id, edges, places)]));
    column.sort((left, right) => (weights.get(left.id) ?? 0) - (weights.get(right.id) ?? 0));
    remember(column);
  }
}

function barycentre(id: string, edges: readonly LineageEdge[], places: ReadonlyMap<string, number>): number {
  const near = edges.flatMap((edge) => (edge.from === id ? [edge.to] : edge.to === id ? [edge.from] : []));
  if (near.length === 0) return places.get(id) ?? 0;
  return near.reduce((sum, other) => sum + (places.get(other) ?? 0), 0) / near.length;
}
