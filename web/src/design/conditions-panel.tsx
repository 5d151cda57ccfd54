import type { ReactNode } from "react";
import type { Condition } from "../../../src/platform/resource.ts";
import type { Tone } from "../words/state-tone.ts";
import { Panel } from "./panel.tsx";
import { StateMark } from "./state-badge.tsx";
import { When } from "./when.tsx";

/** Conditions that ask for attention when they hold; all others are good news when they do. */
const attentionTypes: ReadonlySet<string> = new Set(["CrashLoop", "Drifted", "NeedsApproval", "Retraining"]);

function toneOf({ status, type }: Condition): Tone {
  if (status === "unknown") return "waiting";
  if (attentionTypes.has(type)) return status === "true" ? "warning" : "off";
  return status === "true" ? "good" : "bad";
}

/** What the platform observed of a resource, as its controller says it. */
export function ConditionsPanel({ conditions }: { readonly conditions: readonly Condition[] }): ReactNode {
  if (conditions.length === 0) return null;
  return (
    <Panel title="Conditions" flush>
      <table className="rows">
        <tbody>
          {conditions.map((condition) => (
            <tr key={condition.type}>
              <td style={{ width: 180 }}>
                <StateMark tone={toneOf(condition)} title={condition.status} /> <strong>{condition.type}</strong>
              </td>
              <td>{condition.message === "" ? condition.reason : condition.message}</td>
              <td className="number">
                <When at={condition.since === 0 ? null : condition.since} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
