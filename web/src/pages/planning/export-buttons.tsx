import { type ReactNode, useState } from "react";
import { askFiles } from "../../api/planning.ts";
import { CopyButton } from "../../design/command.tsx";
import { FailureNotice } from "../../design/failure-notice.tsx";
import { writePlan } from "./plan-document.ts";
import type { PlanningQuestion } from "./question.ts";

const forms = [
  { label: "JSON", ending: ".json", title: "question and whole answer" },
  { label: "CSV", ending: ".csv", title: "bill of materials of a fleet, tables of the other views" },
  { label: "Markdown", ending: ".md", title: "the report as text" },
  { label: "HTML", ending: ".html", title: "the report with plots, in one file" },
] as const;

/** Takes the answer along: as files, or the question as an address or a command. */
export function ExportButtons({
  asked,
  whole,
  plan,
  isShared,
}: {
  readonly asked: PlanningQuestion;
  /** The answer to what is asked; undefined while it is computed: the one before is no answer to this question. */
  readonly whole: unknown;
  /** The whole plan as it was written; undefined where the controls say it. */
  readonly plan: string | undefined;
  /** Whether the address holds the whole question. */
  readonly isShared: boolean;
}): ReactNode {
  const [error, setError] = useState<unknown>(null);
  const [saving, setSaving] = useState<string | null>(null);
  const save = async (ending: string): Promise<void> => {
    setError(null);
    if (ending === ".json") {
      saveText(`${asked.kind}.json`, JSON.stringify({ question: asked.question, answer: whole }, null, 2));
      return;
    }
    const files = await askFiles(asked.kind, asked.question);
    for (const [name, text] of Object.entries(files)) {
      if (name.endsWith(ending)) saveText(`${asked.kind}-${name}`, text);
    }
  };
  return (
    <div className="stack tight">
      <div className="row wrap" role="group" aria-label="Take it along">
        {isShared && <CopyButton text={linkTo(asked)} label="Copy the link" />}
        <CopyButton text={commandOf(asked)} label="Copy as a command" />
        <span className="muted">Save as</span>
        {asked.kind === "plan" && (
          <button
            type="button"
            className="button small"
            title="the question as plan.yaml"
            onClick={() => saveText("plan.yaml", plan ?? writePlan(asked.question))}
          >
            YAML
          </button>
        )}
        {forms.map(({ label, ending, title }) => (
          <button
            key={label}
            type="button"
            className="button small"
            title={title}
            disabled={whole === undefined || saving !== null}
            aria-busy={saving === label}
            onClick={() => {
              setSaving(label);
              save(ending)
                .catch(setError)
                .finally(() => setSaving(null));
            }}
          >
            {label}
          </button>
        ))}
      </div>
      {error !== null && <FailureNotice error={error} />}
    </div>
  );
}

/** The page's address with the first month in it, so that it asks the same next month. */
function linkTo({ question }: PlanningQuestion): string {
  const address = new URL(location.href);
  const { startMonth } = question;
  if (typeof startMonth === "string") address.searchParams.set("start", startMonth);
  return address.href;
}

/** The same question for the command line. */
function commandOf({ kind, question }: PlanningQuestion): string {
  const text = JSON.stringify(question, null, 2);
  if (kind === "plan") return `cat > plan.yaml <<'END'\n${text}\nEND\nmillwright plan -f plan.yaml`;
  return `millwright ${kind.replace("-", " ")} -f - <<'END'\n${text}\nEND`;
}

function saveText(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
