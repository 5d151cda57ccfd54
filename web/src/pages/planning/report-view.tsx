import type { ReactNode } from "react";
import type { Block, Section, StatedError } from "../../../../src/planning/report/model.ts";
import { PartBars } from "../../charts/part-bars.tsx";
import { Panel } from "../../design/panel.tsx";

/** A section of a report as a panel; plots are drawn by the page itself, live. */
export function SectionPanel({
  section,
  children,
}: {
  readonly section: Section;
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <Panel title={section.heading}>
      <div className="stack">
        {children}
        {section.blocks.map((block, index) => (
          <BlockView key={`${block.kind} ${index}`} block={block} />
        ))}
      </div>
    </Panel>
  );
}

/** Text whose figures stay with their percent sign where the line breaks. */
const together = (text: string): string => text.replace(/(?<=\d) (?=%)/g, "\u00a0");

function BlockView({ block }: { readonly block: Block }): ReactNode {
  switch (block.kind) {
    case "text":
      return <p className="muted">{together(block.text)}</p>;
    case "list":
      return block.items.length === 0 ? null : (
        <ul className="plain-list">
          {block.items.map((item) => (
            <li key={item}>{together(item)}</li>
          ))}
        </ul>
      );
    case "errors":
      return (
        <div className="how-wrong">
          <p>How wrong this may be</p>
          <ul aria-label="How wrong this may be">
            {block.items.map((item) => (
              <HowWrong key={item.quantity} error={item} />
            ))}
          </ul>
        </div>
      );
    case "bars":
      return <PartBars bars={block.bars} limit={block.limit} unit={block.unit} />;
    case "table":
      return <ReportTable head={block.head} rows={block.rows} />;
    case "plot":
      return null;
  }
}

/** The error first, then what it is of, then what tells it. */
function HowWrong({ error: { quantity, stated, basis } }: { readonly error: StatedError }): ReactNode {
  return (
    <li>
      <strong>{together(stated)}</strong>
      <span>
        <span className="what">{quantity}</span>
        {basis !== "" && `: ${together(basis)}`}
      </span>
    </li>
  );
}

/** A figure, and what stands in brackets after it: each stays whole where the line breaks. */
function Spread({ text }: { readonly text: string }): ReactNode {
  const at = text.indexOf(" (");
  if (at === -1) return <span className="whole">{text}</span>;
  return (
    <>
      <span className="whole">{text.slice(0, at)}</span> <span className="whole">{text.slice(at + 1)}</span>
    </>
  );
}

/** Cells of so few letters stay in one line. */
const wholeLetters = 16;
/** Cells of more letters are given room, that they do not become towers. */
const longLetters = 40;

function ReportTable({
  head,
  rows,
}: {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}): ReactNode {
  if (rows.length === 0) return null;
  const isNumber = (column: number): boolean => head[column]?.startsWith("#") === true;
  const classOf = (column: number, cell = ""): string | undefined => {
    if (isNumber(column)) return "number";
    if (cell.length <= wholeLetters) return "whole";
    return cell.length > longLetters ? "long" : undefined;
  };
  return (
    <div className="scroll">
      <table className="rows">
        <thead>
          <tr>
            {head.map((name, column) => (
              <th key={name} scope="col" className={classOf(column)}>
                {name.replace(/^#/, "")}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={`${index} ${row[0] ?? ""}`}>
              {row.map((cell, column) => (
                <td key={head[column] ?? column} className={classOf(column, cell)}>
                  {isNumber(column) ? <Spread text={cell} /> : together(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
