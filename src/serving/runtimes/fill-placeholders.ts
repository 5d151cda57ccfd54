/** What can be filled into a command, by name. */
export interface Placeholders {
  /** The address to listen on. */
  readonly host: string;
  readonly port: number;
  /** Two more free ports, for programs that cannot do without. */
  readonly port2: number;
  readonly port3: number;
  /** The model's name. */
  readonly model: string;
  /** The registered model's file or folder; null where there is none. */
  readonly model_path: string | null;
  /** GPUs and processors of each machine. */
  readonly gpus: number;
  readonly cpus: number;
  /** Machines of the replica, which of them this one is from 0, and how the first one is reached. */
  readonly nodes: number;
  readonly rank: number;
  readonly master: string;
  readonly master_port: number;
}

const pattern = /\{(host|port|port2|port3|model|model_path|gpus|cpus|nodes|rank|master|master_port)\}/g;

/** Whether a text is a name that can be filled in. */
function isPlaceholder(name: string, values: Placeholders): name is keyof Placeholders {
  return Object.hasOwn(values, name);
}

/**
 * Fills `{port}` and the like into a text; any other braces stay as they are, so that JSON among a command's arguments is safe.
 *
 * @returns the text, or the name that has no value.
 */
export function fillPlaceholders(
  text: string,
  values: Placeholders,
): { readonly kind: "filled"; readonly text: string } | { readonly kind: "missing"; readonly name: string } {
  let missing: string | undefined;
  const filled = text.replaceAll(pattern, (whole, name: string) => {
    const value = isPlaceholder(name, values) ? values[name] : null;
    if (value === null) missing ??= name;
    return value === null ? whole : String(value);
  });
  return missing === undefined ? { kind: "filled", text: filled } : { kind: "missing", name: missing };
}
