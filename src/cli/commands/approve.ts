import { Fault } from "../../base/fault.ts";
import { type CommandContext, printJson, sayNext } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readText } from "../field-path.ts";
import { findItem, type Item, itemPath, nameOf, projectOf, toItem } from "../item.ts";
import { findNoun } from "../noun.ts";
import { rowNouns } from "../row-nouns.ts";

export interface ApproveInput {
  /** A version's id, or `MODEL@NUMBER`. */
  readonly version: string;
  readonly comment?: string;
  /** Approves what the gate rejected or has not seen; wants a reason. */
  readonly override?: boolean;
  readonly reason?: string;
}

/** Approves a model version, so that it may serve. */
export async function approve(context: CommandContext, input: ApproveInput): Promise<number> {
  if (input.override === true && input.reason === undefined) {
    throw new Fault("cli.argument-invalid", "--override goes past the gate and is audited; say why with --reason");
  }
  const client = await context.connect();
  const noun = findNoun("model-version", rowNouns);
  const version = await findItem(client, noun, input.version, context.project, context.signal);
  const body = {
    ...(input.comment === undefined ? {} : { comment: input.comment }),
    ...(input.override === true ? { override: true, reason: input.reason } : {}),
  };
  const path = `${itemPath(noun, projectOf(version) ?? "default", nameOf(version))}/approve`;
  const answer = toItem(await client.post(path, body, context.signal));
  if (context.format === "json") printJson(context, { version: { ...version, ...answer } });
  else
    context.terminal.print(context.format === "quiet" ? nameOf(version) : describeApproval({ ...version, ...answer }));
  sayNext(context, ["millwright get model-versions", "millwright get deployments --watch"]);
  return exitCodes.ok;
}

function describeApproval(version: Item): string {
  const number = typeof version["version"] === "number" ? ` version ${version["version"]}` : "";
  const subject = `${readText(version, "model")}${number} (${nameOf(version)})`;
  if (version["state"] !== "approved") {
    const given = Array.isArray(version["approvals"]) ? version["approvals"].length : 1;
    return `noted ${given} of ${readText(version, "approvalsRequired", "?")} approvals of ${subject}`;
  }
  const aliases = Array.isArray(version["aliases"]) ? version["aliases"].map(String) : [];
  return `approved ${subject}${aliases.length === 0 ? "" : `, now ${aliases.join(" and ")}`}`;
}
