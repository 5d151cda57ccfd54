import { singularOf } from "./noun.ts";

/** What people usually do next with a resource of a kind; at most three commands. */
export function nextCommands(kind: string, name: string): readonly string[] {
  const target = `${singularOf({ kind })}/${name}`;
  const describe = `millwright describe ${target}`;
  switch (kind) {
    case "TrainingJob":
      return [
        `millwright logs -f ${target}`,
        `millwright why ${name}`,
        `millwright wait ${target} --for phase=succeeded`,
      ];
    case "Dataset":
      return [describe, "millwright get datasets --watch"];
    case "Pipeline":
      return [describe, `millwright logs -f ${target}`];
    case "Model":
    case "Evaluation":
      return ["millwright get model-versions", describe];
    case "Deployment":
      return [describe, "millwright get deployments --watch", `millwright events --name ${name} --follow`];
    case "Team":
    case "Project":
      return [describe, `millwright get ${kind === "Team" ? "projects" : "jobs"}`];
    default:
      return [describe, `millwright events --name ${name}`];
  }
}
