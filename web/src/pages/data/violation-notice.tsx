import type { ReactNode } from "react";
import type { Violation } from "../../../../src/data/model.ts";
import { formatCount } from "../../words/numbers.ts";

/** A rule that rows break, how many they are, and a few of them. */
export function ViolationNotice({ violation }: { readonly violation: Violation }): ReactNode {
  const names = Object.keys(violation.examples[0] ?? {});
  return (
    <div className="notice soft bad" role="alert">
      <strong>
        {formatCount(violation.rows)} rows break: {violation.expectation}
      </strong>
      {names.length > 0 && (
        <div className="scroll">
          <table className="rows mono">
            <thead>
              <tr>
                {names.map((name) => (
                  <th key={name}>{name}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {violation.examples.map((example) => (
                <tr key={JSON.stringify(example)} style={{ color: "var(--text)" }}>
                  {names.map((name) => (
                    <td key={name}>{String(example[name] ?? "null")}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
