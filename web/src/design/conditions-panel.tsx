import type { ReactNode } from "react";
import type { Condition } from "../../../src/platform/resource.ts";
import type { Tone } from "../words/state-tone.ts";
import { Panel } from "./panel.tsx";
import { StateMark } from "./state-badge.tsx";
import { When } from "./when.tsx";

const tones: Readonly<Record<Condition["status"], Tone>> = { true: "good", false: "bad", unknown: "waiting" };

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
                <StateMark tone={tones[condition.status]} title={condition.status} /> <strong>{condition.type}</strong>
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
