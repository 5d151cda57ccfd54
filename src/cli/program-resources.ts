import { type Command, Option } from "commander";
import type { Act } from "./command-action.ts";
import { collect, wholeNumber } from "./option-value.ts";

const fileHelp = "YAML file, folder, or - for standard input; repeatable";

/** Resources: declare them, look at them, take them away. */
export function addResourceCommands(program: Command, act: Act): void {
  const apply = program
    .command("apply")
    .description("create or update what YAML files declare; shows the plan first")
    .requiredOption("-f, --file <path>", fileHelp, collect)
    .option("-y, --yes", "do not ask")
    .option("--dry-run", "show the plan and change nothing");
  act(apply, async (context, options) =>
    (await import("./commands/apply.ts")).apply(context, { file: [], ...options }),
  );

  const get = program
    .command("get")
    .description("list resources")
    .argument("<kind>", "such as jobs, or job/NAME")
    .argument("[name]")
    .addOption(new Option("-o, --output <form>", "more columns").choices(["wide"]))
    .option("-w, --watch", "go on as things change");
  act(get, async (context, options, words) => (await import("./commands/get.ts")).get(context, { ...options, words }));

  const describe = program
    .command("describe")
    .description("all about one resource")
    .argument("<kind>", "such as job, or job/NAME")
    .argument("[name]");
  act(describe, async (context, _options, words) =>
    (await import("./commands/describe.ts")).describe(context, { words }),
  );

  const remove = program
    .command("delete")
    .description("delete one resource")
    .argument("<kind>", "such as job, or job/NAME")
    .argument("[name]")
    .option("-y, --yes", "do not ask");
  act(remove, async (context, options, words) =>
    (await import("./commands/delete.ts")).deleteResource(context, { ...options, words }),
  );

  const events = program
    .command("events")
    .description("what happened: the audit trail")
    .option("--follow", "go on as things happen")
    .option("--kind <kind>", "only of this kind, such as TrainingJob")
    .option("--name <name>", "only of this name")
    .option("--verb <verbs>", "only these, joined by commas, such as created,approved")
    .option("--actor <actor>", "only by this identity or controller")
    .option("--after <place>", "what came after this place in the log", wholeNumber(0))
    .option("--limit <count>", "at most so many", wholeNumber(1), 50);
  act(events, async (context, options) =>
    (await import("./commands/events.ts")).events(context, { limit: 50, ...options }),
  );

  addOffline(program, act);
}

function addOffline(program: Command, act: Act): void {
  const schema = program
    .command("schema")
    .description("JSON Schema of a kind's YAML, for editors")
    .argument("[kind]", "all kinds unless given");
  act(schema, async (context, _options, [kind]) =>
    (await import("./commands/schema.ts")).schema(context, kind === undefined ? {} : { kind }),
  );
  const validate = program
    .command("validate")
    .description("check YAML files without a server")
    .requiredOption("-f, --file <path>", fileHelp, collect);
  act(validate, async (context, options) =>
    (await import("./commands/validate.ts")).validate(context, { file: [], ...options }),
  );
}
