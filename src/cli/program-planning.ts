import { type Command, Option } from "commander";
import { amount, days, hourShares, seconds, shareOf } from "./amount.ts";
import type { Act } from "./command-action.ts";
import { collect, wholeNumber } from "./option-value.ts";

const forms = ["markdown", "html", "csv"];
const engines = ["trtllm", "vllm", "sglang"];
const loads = ["varied", "fixed", "swept"];
const stacks = ["megatron-classic", "megatron-core", "fsdp", "maxtext"];
const isolations = ["shared", "dedicated-host", "own-hardware"];

/** Planning: how large, how dear, and how wrong the answer may be. No server is needed but for `--from-live` and `--site`. */
export function addPlanningCommands(program: Command, act: Act): void {
  const plan = withForm(withSite(program.command("plan")))
    .description("size and price a whole fleet from a plan.yaml")
    .option("-f, --file <path>", "the plan")
    .option("-o, --out <folder>", "write report.md, report.html, plan.json and parts.csv there")
    .option("--from-live", "draw the plan up from the usage ledger of the server; -f wins over it")
    .option("--days <count>", "of the ledger, with --from-live; left out: 365", wholeNumber(1))
    .option("--gpu <name>", "to plan with, with --from-live; left out: the most used one")
    .option("--no-trace", "with --from-live: do not pack the recorded queue")
    .option("--schema", "print the JSON Schema of plans, for editors");
  withExamples(plan, [
    "millwright plan -f plan.yaml",
    "millwright plan -f plan.yaml -o report",
    "millwright plan --from-live",
  ]);
  act(plan, async (context, options) => (await import("./commands/plan.ts")).plan(context, options));
  const size = program.command("size").description("size one training run or one served model");
  addSizeTraining(size, act);
  addSizeInference(size, act);
  addCost(program, act);
  addAdvise(program, act);
}

/** What every question takes. */
function asQuestion(command: Command): Command {
  return withForm(command)
    .option("-f, --file <path>", "the question as YAML; options win over it")
    .option("-o, --out <folder>", "write the report and the answer there");
}

/** In what form a report is printed. */
function withForm(command: Command): Command {
  const words = "print the report so; csv: the bill of materials of a plan, the tables of a question";
  return command.addOption(new Option("--format <form>", words).choices(forms));
}

/** Whole lines to start from, the least that a question takes first. */
function withExamples(command: Command, lines: readonly string[]): void {
  command.addHelpText("after", `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

/** A site that measured such predictions corrects them. */
function withSite(command: Command): Command {
  return command.option("--site", "correct by what the server's site measured, and state its errors");
}

function withModel(command: Command): Command {
  return command
    .option("-m, --model <name>", "a model of the catalog, or the path of a Hugging Face config.json; needed")
    .option("--parameters <count>", "weights of a model that the catalog lacks, such as 13B", amount)
    .option("--active-parameters <count>", "weights that one token visits, with experts", amount)
    .option("--precision <format>", "bf16, fp8, fp4; to serve also int8 and int4 (awq, gptq, w4a16), of weights alone");
}

/** What users of a served model send and are promised. */
function withRequests(command: Command): Command {
  return command
    .addOption(new Option("--engine <name>", "what serves it").choices(engines))
    .option("--input <tokens>", "tokens of a prompt; left out: 1024", amount)
    .option("--output <tokens>", "tokens of an answer; left out: 256", amount)
    .option("--rps <rate>", "requests a second at the busiest moment", amount)
    .option("--ttft <time>", "the first token comes within, such as 500ms; left out: 2s", seconds)
    .option("--tpot <time>", "each token after it within, such as 50ms; left out: 100ms", seconds);
}

function addSizeTraining(size: Command, act: Act): void {
  const training = withModel(withSite(asQuestion(size.command("training"))))
    .description("the best layouts of a training run, its time and memory, and why others lost")
    .option("--gpu <name>", "such as H100 or MI300X; needed")
    .option("--gpus <count>", "how many; needed", wholeNumber(1))
    .option("--gpus-per-node <count>", "left out: 8", wholeNumber(1))
    .option("--network <name>", "the node's network, such as DGX-H100, or its rate, such as 3200Gb/s or 400GB/s")
    .option("--tokens <amount>", "tokens to train on, such as 1T: gives days and GPU-hours", amount)
    .option("--sequence <tokens>", "tokens of one sequence; left out: 4096", amount)
    .option(
      "--batch <sequences>",
      "sequences of one step; left out: about 4 million tokens, half a million for adapters",
      amount,
    )
    .addOption(new Option("--stack <name>", "the software").choices(stacks))
    .option("--lora", "train adapters only")
    .option("--qlora", "the same over frozen weights in 4 bits");
  withExamples(training, [
    "millwright size training --model llama-3-70b --gpu H100 --gpus 64 --tokens 1T",
    "millwright size training --model llama-3-8b --gpu L40S --gpus 1 --tokens 100M --qlora",
  ]);
  act(training, async (context, options) => (await import("./commands/size.ts")).sizeTraining(context, options));
}

function addSizeInference(size: Command, act: Act): void {
  const inference = withRequests(withModel(withSite(asQuestion(size.command("inference")))))
    .description("how many replicas of which layout serve a model within its goals")
    .option("--gpu <name>", "such as H200 or MI300X; needed")
    .option("--good <share>", "of requests keep both goals; left out: 95%", shareOf)
    .option("--concurrency <count>", "requests in flight on one replica, without --rps", wholeNumber(1))
    .option("--tensor <count>", "GPUs that split one sequence; left out: compared", wholeNumber(1))
    .addOption(new Option("--load <kind>", "how requests follow each other").choices(loads))
    .option(
      "--hours <shares>",
      "load of 24 hours, or of 168 from Monday on, over the peak, such as 0.2,0.1,...,1",
      hourShares,
    )
    .option("--cached <share>", "of each prompt that a prefix cache holds", shareOf)
    .option("--tokens-per-step <count>", "tokens of a step with speculative decoding, such as 2.5", amount)
    .option("--draft <share>", "what the draft costs, over a step, such as 15%", shareOf)
    .option("--gpus-per-node <count>", "left out: 8", wholeNumber(1));
  withExamples(inference, [
    "millwright size inference --model llama-3-70b --gpu H200 --rps 20 --input 2000 --output 300 --ttft 500ms --tpot 50ms",
    "millwright size inference --model qwen3-8b --gpu L40S --precision fp8",
  ]);
  act(inference, async (context, options) => (await import("./commands/size.ts")).sizeInference(context, options));
}

function addCost(program: Command, act: Act): void {
  const cost = asQuestion(program.command("cost"))
    .description("what a fleet costs to buy, to rent and to reserve, and when buying breaks even")
    .option("--gpu <name>", "such as H100; needed")
    .option("--gpus <count>", "how many; needed", wholeNumber(1))
    .option("--months <count>", "horizon; left out: 48", wholeNumber(1))
    .option("--start <month>", "first month, such as 2026-12; left out: this one")
    .option("--use <share>", "mean use over peak; left out: 65%", shareOf)
    .option("--tokens-per-second <rate>", "tokens that one GPU yields, to price a million", amount)
    .option("--server-usd <dollars>", "price of a server for one GPU", amount)
    .option("--rent-usd <dollars>", "rent of a GPU for an hour", amount)
    .option("--usd-per-kwh <dollars>", "price of power", amount)
    .option("--pue <ratio>", "power of the hall over that of the machines", amount);
  withExamples(cost, ["millwright cost --gpu H100 --gpus 64 --use 70% --tokens-per-second 1000"]);
  act(cost, async (context, options) => (await import("./commands/cost.ts")).cost(context, options));
}

function addAdvise(program: Command, act: Act): void {
  const advise = withRequests(withModel(asQuestion(program.command("advise"))))
    .description("which GPU for a workload, from whom under which rules, and who runs it")
    .option("--tokens <amount>", "of a training run", amount)
    .option("--days <time>", "in which the run must be done, such as 30d", days)
    .option("--sequence <tokens>", "tokens of one sequence of the run", amount)
    .option("--gpu <name>", "compare these only; may be repeated", collect)
    .option("--residency <country>", "data may lie only here; may be repeated", collect)
    .addOption(new Option("--isolation <level>", "from others' workloads").choices(isolations))
    .option("--certification <name>", "that a provider must have; may be repeated", collect)
    .option("--around-the-clock", "somebody must be able to act at night")
    .option("--engineers <count>", "people at hand", amount);
  withExamples(advise, [
    "millwright advise --model llama-3-70b --rps 20 --input 2000 --output 300 --residency DE",
    "millwright advise --model llama-3-8b --tokens 100B --days 30d --gpu H100 --gpu H200",
  ]);
  act(advise, async (context, options) => (await import("./commands/advise.ts")).advise(context, options));
}
