import { type ReactNode, type SyntheticEvent, useState } from "react";
import { formatAmount, resourceName } from "../../words/quota-words.ts";
import type { QuotaLine } from "./quota-tree-rows.ts";

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}

/** What a bar says, as sentences. */
function sentences({ use, own, isTop }: QuotaLine): readonly string[] {
  const words = (amount: number): string => formatAmount(use.resource, amount);
  const below = own - (use.nominal ?? 0);
  const limit =
    use.borrowingLimit === null
      ? "may borrow whatever lies idle"
      : use.borrowingLimit === 0
        ? "may borrow nothing"
        : `may borrow up to ${words(use.borrowingLimit)}`;
  return [
    `${resourceName(use.resource)}: ${words(Math.max(0, use.used - use.borrowed))} of its own ${words(own)} used`,
    ...(below > 0 && own > below ? [`of its own, ${words(below)} belong to those below it`] : []),
    ...(use.borrowed > 0 ? [`${words(use.borrowed)} borrowed from others`] : []),
    ...(use.lent > 0 ? [`${words(use.lent)} of its own are used by others`] : []),
    ...(isTop ? [] : [limit]),
    ...(use.lendingLimit === null ? [] : [`lends at most ${words(use.lendingLimit)}`]),
  ];
}

function figures({ use, own }: QuotaLine): string {
  const words = (amount: number): string => formatAmount(use.resource, amount);
  if (own === 0) return `${words(use.borrowed)} borrowed, none its own`;
  const borrowed = use.borrowed > 0 ? ` + ${words(use.borrowed)} borrowed` : "";
  const lent = use.lent > 0 ? `, ${words(use.lent)} lent out` : "";
  return `${words(Math.max(0, use.used - use.borrowed))} of ${words(own)}${borrowed}${lent}`;
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
export function QuotaBarLine({ line }: { readonly line: QuotaLine }): ReactNode {
  const { parts, quotaAt, limitAt, isLimitBeyond } = line.bar;
  const [tip, setTip] = useState<Spot | null>(null);
  const show = (event: SyntheticEvent): void => setTip(spotBelow(event.currentTarget));
  const hide = (): void => setTip(null);
  return (
    <button
      type="button"
      className="quota-line"
      aria-label={sentences(line).join("; ")}
      onMouseEnter={show}
      onMouseLeave={hide}
      onFocus={show}
      onClick={show}
      onBlur={hide}
    >
      <span className="muted cut">{resourceName(line.use.resource)}</span>
      <span className="quota-bar">
        <span className="own-room" style={{ width: percent(quotaAt) }} />
        {parts.map((part) => (
          <span
            key={part.kind}
            className={`part ${part.kind}`}
            style={{ left: percent(part.from), width: percent(part.width) }}
          />
        ))}
        {quotaAt > 0 && <span className="mark quota" style={{ left: percent(quotaAt) }} />}
        {limitAt !== null && limitAt > quotaAt && (
          <span className={`mark limit ${isLimitBeyond ? "beyond" : ""}`} style={{ left: percent(limitAt) }} />
        )}
      </span>
      <span className="quota-figures">{figures(line)}</span>
      {tip !== null && (
        <span className="page-tip" style={tip} aria-hidden="true">
          {sentences(line).map((sentence) => (
            <span key={sentence}>{sentence}</span>
          ))}
        </span>
      )}
    </button>
  );
}
