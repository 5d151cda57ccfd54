import type { Command } from "commander";
import type { Act } from "./command-action.ts";
import { wholeNumber } from "./option-value.ts";

/** Batches: many requests to models in one file, made when there is room. */
export function addBatchCommands(program: Command, act: Act): void {
  const batch = program.command("batch").description("many requests to models in one file, made when there is room");

  const run = batch
    .command("run")
    .description("send a file of requests, or one for each row of a table, and fetch the answers")
    .argument("[file]", "one JSON object a line: custom_id, method, url, body")
    .option("--endpoint <path>", "where the requests go; left out: /v1/chat/completions")
    .option(
      "--input <table>",
      "a .parquet, .csv or .jsonl file, in place of FILE; it is written again with the answers",
    )
    .option("--model <name>", "the deployment that is asked for each row")
    .option("--prompt <text>", 'makes each row a chat, such as "Translate: {text}"; left out: rows become tensors')
    .option(
      "--columns <names>",
      "columns, by commas, that make up the one input of tensors without a column of its name",
    )
    .option("--rows-per-request <rows>", "of tensors; left out: 256", wholeNumber(1))
    .option("--system <text>", "the system message of requests for rows")
    .option("--max-tokens <tokens>", "of each answer to a row", wholeNumber(1))
    .option("--out <file>", "where the answers go; left out: standard output, of a table TABLE.answers.EXT")
    .option("--window <span>", "hours or days that it may take, such as 24h", "24h")
    .option("-d, --detach", "do not wait");
  act(run, async (context, options, [file]) =>
    (await import("./commands/batch.ts")).batchRun(context, {
      ...options,
      ...(file === undefined ? {} : { file }),
      window: String(options["window"]),
    }),
  );

  const status = batch.command("status").description("how far a batch is").argument("<id>");
  act(status, async (context, _options, [id = ""]) =>
    (await import("./commands/batch.ts")).batchStatus(context, { id }),
  );

  const cancel = batch.command("cancel").description("end a batch early; what was answered is kept").argument("<id>");
  act(cancel, async (context, _options, [id = ""]) =>
    (await import("./commands/batch.ts")).batchCancel(context, { id }),
  );

  const list = batch.command("list").description("the newest batches");
  act(list, async (context) => (await import("./commands/batch.ts")).batchList(context));
}
