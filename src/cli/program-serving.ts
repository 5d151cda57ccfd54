import { type Command, Option } from "commander";
import type { Act } from "./command-action.ts";
import { wholeNumber } from "./option-value.ts";

/** Serving: a model in one command, and what it carries. */
export function addServingCommands(program: Command, act: Act): void {
  addServe(program, act);
  addLoadTest(program, act);
}

function addServe(program: Command, act: Act): void {
  const serve = program
    .command("serve")
    .description("serve a registered model, a GGUF file, a model folder (--preset) or a server elsewhere (its address)")
    .argument("<model>", "a registered model's name, FILE.gguf, a folder or name for --preset, or http://…")
    .option("--name <name>", "of the deployment; absent: made from the model's")
    .option("--pool <name>", "where replicas run; absent: local, or the only one")
    .option("--replicas <count>", "replicas to begin with", wholeNumber(1))
    .option("--cpus <count>", "processors of a replica", wholeNumber(1))
    .option("--memory <size>", "memory of a replica, such as 8GiB")
    .option("--gpus <count>", "GPUs of a replica", wholeNumber(1))
    .option("--gpu-model <name>", "such as L4; absent: any")
    .option("--preset <engine>", "vllm, sglang, tgi, trtllm or llamacpp runs it")
    .option("--config <file>", "the model's config.json, for --preset; absent: that in its folder")
    .option("--runtime <name>", "of a registered model: onnx or gguf", "onnx")
    .option("--context <tokens>", "prompt and answer of one request together", wholeNumber(16))
    .option("--slots <count>", "requests that a replica works on at once", wholeNumber(1))
    .option("--quantization <format>", "fp8 makes the weights smaller while they are loaded, for --preset")
    .option("--model <name>", "the model's name at an address; absent: the only one there")
    .option("--api-key-file <name>", "file with the key for an address, in the server's folder of upstream keys")
    .option("--timeout <duration>", "how long it may take until it serves", "15m")
    .option("--dry-run", "print the manifest and do nothing");
  act(serve, async (context, options, [model = ""]) => {
    const { model: upstreamModel, runtime, ...rest } = options;
    const given = { ...rest, ...(upstreamModel === undefined ? {} : { upstreamModel: String(upstreamModel) }) };
    const timeout = String(options["timeout"]);
    return (await import("./commands/serve.ts")).serve(context, { ...given, model, timeout, runtime: String(runtime) });
  });
}

function addLoadTest(program: Command, act: Act): void {
  const loadtest = program
    .command("loadtest")
    .description("send requests at a rate, however slowly they are answered, and measure")
    .argument("<target>", "a deployment's name, or http://… with --model")
    .option("--rate <number>", "requests a second", "1")
    .option("--duration <duration>", "how long they are sent", "30s")
    .option("--input-tokens <spread>", "of each prompt: 256, 64..512, normal(256,64) or exp(256)", "256")
    .option("--output-tokens <spread>", "of each answer, written alike", "128")
    .option("--prefixes <count>", "beginnings that prompts share", wholeNumber(1))
    .option("--prefix-tokens <tokens>", "tokens of each shared beginning", wholeNumber(1), 512)
    .option("--zipf <exponent>", "how uneven the beginnings are used; 0: all alike", "1")
    .option("--turns <count>", "requests of one conversation, each with all before it", wholeNumber(1), 1)
    .option("--think <duration>", "mean pause before the next turn", "0s")
    .option("--slo <bounds>", "what counts as good: ttft=500ms,tpot=50ms,e2e=10s")
    .option("--seed <number>", "equal seeds give equal arrivals and prompts", wholeNumber(0), 1)
    .option(
      "--max-in-flight <count>",
      "requests that are out at once; others wait here and count",
      wholeNumber(1),
      4096,
    )
    .option("--drain <duration>", "how long answers may take after the last arrival", "30s")
    .option("--ignore-eos", "ask engines that can for answers of full length")
    .option("--rows <count>", "rows of each request to a model of tensors", wholeNumber(1), 1)
    .option("--body <file>", "JSON of each request to a model of tensors; absent: made from its metadata")
    .option("--model <name>", "the model's name; absent: the deployment's")
    .addOption(new Option("--protocol <name>", "what an address speaks").choices(["openai", "v2"]).default("openai"))
    .option("--key-env <name>", "name of the environment's member with the key for an address");
  act(loadtest, async (context, options, [target = ""]) => {
    const text = (name: string): string => String(options[name]);
    const count = (name: string): number => Number(options[name]);
    return (await import("./commands/loadtest.ts")).loadtest(context, {
      ...options,
      target,
      rate: text("rate"),
      duration: text("duration"),
      inputTokens: text("inputTokens"),
      outputTokens: text("outputTokens"),
      prefixTokens: count("prefixTokens"),
      zipf: text("zipf"),
      turns: count("turns"),
      think: text("think"),
      seed: count("seed"),
      maxInFlight: count("maxInFlight"),
      drain: text("drain"),
      rows: count("rows"),
      protocol: text("protocol"),
    });
  });
}
