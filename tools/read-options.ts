import { parseArgs, type ParseArgsConfig } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<Known extends Options> = ReturnType<typeof parseArgs<{ options: Known }>>["values"];

/** How a program ends that was called wrongly. */
const exitWrongUse = 2;

/**
 * Reads a program's options. Called wrongly, the program ends with exit code 2 and a sentence that says what was wanted, what was found
 * and what to do.
 *
 * @param usage how the program is called, shown below the sentence; by default its options are listed.
 */
export function readOptions<const Known extends Options>(options: Known, usage = usageOf(options)): Values<Known> {
  const words = process.argv.slice(2);
  try {
    return parseArgs({ options, args: words }).values;
  } catch (error) {
    const sentence = describeWrongUse(error, options);
    if (sentence === undefined) throw error;
    process.stderr.write(`${sentence}\n\n${usage.trimEnd()}\n`);
    process.exit(exitWrongUse);
  }
}

/** Says what is wrong with the words of a call; undefined when the error is another one. */
export function describeWrongUse(error: unknown, options: Options): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  const found = /'(?:-\w, )?([^' ]+)/.exec(error.message)?.[1] ?? "";
  switch (error.code) {
    case "ERR_PARSE_ARGS_INVALID_OPTION_VALUE":
      return error.message.includes("does not take")
        ? `${found} wants no value and found one; write ${found} alone`
        : `${found} wants a value and found none; write ${found} VALUE, or ${found}=VALUE where it begins with a dash`;
    case "ERR_PARSE_ARGS_UNKNOWN_OPTION":
      return `wanted one of ${namesOf(options)}, found ${found}; leave it out, or write one of those`;
    case "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL":
      return `wanted options only (${namesOf(options)}), found ${JSON.stringify(found)}; write the option that it belongs to before it`;
    default:
      return undefined;
  }
}

function namesOf(options: Options): string {
  return Object.keys(options)
    .map((name) => `--${name}`)
    .join(", ");
}

function usageOf(options: Options): string {
  const lines = Object.entries(options).map(([name, { type, default: usual }]) => {
    const value = type === "string" ? " VALUE" : "";
    return `  --${name}${value}${usual === undefined || usual === false ? "" : ` (default ${String(usual)})`}`;
  });
  return ["Options:", ...lines].join("\n");
}
