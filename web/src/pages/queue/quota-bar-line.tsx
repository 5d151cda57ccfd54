import { type ReactNode, type SyntheticEvent, useState } from "react";
import type { ResourceUse } from "../../api/quota-use.ts";
import { quotaBar } from "../../charts/quota-bar.ts";
import { formatAmount, resourceName } from "../../words/quota-words.ts";

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}

/** What a bar says, as sentences. */
function sentences(use: ResourceUse): readonly string[] {
  const name = resourceName(use.resource);
  const words = (amount: number): string => formatAmount(use.resource, amount);
  if (use.nominal === null)
    return [`${name}: ${words(use.used)} used`, "no quota speaks of it: what is idle is free to use"];
  const own = Math.max(0, use.used - use.borrowed);
  const fromBelow = use.subtree - use.nominal;
  return [
    `${name}: ${words(own)} of its own ${words(use.subtree)} used`,
    ...(fromBelow > 0 ? [`its own: ${words(use.nominal)} here and ${words(fromBelow)} lent by those below it`] : []),
    ...(use.borrowed > 0 ? [`${words(use.borrowed)} borrowed from others`] : []),
    ...(use.lent > 0 ? [`${words(use.lent)} of its own are used by others`] : []),
    use.borrowingLimit === null
      ? "may borrow whatever lies idle"
      : use.borrowingLimit === 0
        ? "may borrow nothing"
        : `may borrow up to ${words(use.borrowingLimit)}`,
    ...(use.lendingLimit === null ? [] : [`lends at most ${words(use.lendingLimit)}`]),
  ];
}

function figures(use: ResourceUse): string {
  const words = (amount: number): string => formatAmount(use.resource, amount);
  if (use.nominal === null) return `${words(use.used)}, no quota`;
  const borrowed = use.borrowed > 0 ? ` + ${words(use.borrowed)} borrowed` : "";
  const lent = use.lent > 0 ? `, ${words(use.lent)} lent out` : "";
  return `${words(Math.max(0, use.used - use.borrowed))} of ${words(use.subtree)}${borrowed}${lent}`;
}

/** Pixels of the window. */
interface Spot {
  readonly left: number;
  readonly top: number;
}

const tipIndent = 104;
const tipHeight = 110;

/** The place below a line, or above it where the window ends. */
function spotBelow(line: Element): Spot {
  const { left, top, bottom } = line.getBoundingClientRect();
  return { left: left + tipIndent, top: bottom + tipHeight > globalThis.innerHeight ? top - tipHeight : bottom + 2 };
}

/** One resource of a quota: used, lent out and borrowed as a bar with its marks, and the same in figures. */
export function QuotaBarLine({ use }: { readonly use: ResourceUse }): ReactNode {
  const { parts, quotaAt, limitAt, max } = quotaBar(use);
  const [tip, setTip] = useState<Spot | null>(null);
  const show = (event: SyntheticEvent): void => setTip(spotBelow(event.currentTarget));
  const hide = (): void => setTip(null);
  return (
    <button
      type="button"
      className="quota-line"
      aria-label={sentences(use).join("; ")}
      onMouseEnter={show}
      onMouseLeave={hide}
      onFocus={show}
      onClick={show}
      onBlur={hide}
    >
      <span className="muted cut">{resourceName(use.resource)}</span>
      <span className="quota-bar">
        {quotaAt !== null && <span className="own-room" style={{ width: percent(quotaAt) }} />}
        {parts.map((part) => (
          <span
            key={part.kind}
            className={`part ${part.kind}`}
            style={{ left: percent(part.from), width: percent(part.width) }}
          />
        ))}
        {quotaAt !== null && <span className="mark quota" style={{ left: percent(quotaAt) }} />}
        {limitAt !== null && use.borrowingLimit !== 0 && (
          <span
            className={`mark limit ${max < use.subtree + (use.borrowingLimit ?? 0) ? "beyond" : ""}`}
            style={{ left: percent(limitAt) }}
          />
        )}
      </span>
      <span className="quota-figures">{figures(use)}</span>
      {tip !== null && (
        <span className="page-tip" style={tip} aria-hidden="true">
          {sentences(use).map((sentence) => (
            <span key={sentence}>{sentence}</span>
          ))}
        </span>
      )}
    </button>
  );
}
