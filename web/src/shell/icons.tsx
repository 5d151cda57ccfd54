import type { ReactNode } from "react";

const paths = {
  overview: "M3 3h6v7H3zM11 3h6v4h-6zM11 9h6v8h-6zM3 12h6v5H3z",
  queue: "M3 5h14M3 10h10M3 15h6M15 13l3 2.5-3 2.5",
  runs: "M3 16l4-6 3 3 3-7 4 5M3 3v14h14",
  data: "M4 5c0-1.4 2.7-2.4 6-2.4s6 1 6 2.4-2.7 2.4-6 2.4S4 6.400 4 5zM4 5v10c0 1.400 2.700 2.400 6 2.400s6-1 6-2.400V5M4 10c0 1.400 2.700 2.400 6 2.400s6-1 6-2.400",
  models: "M10 2.500l6.500 3.700v7.500L10 17.500l-6.500-3.800V6.200zM3.500 6.200L10 10l6.500-3.800M10 10v7.500",
  deployments: "M10 17V9M10 9L6 5M10 9l4-4M3.500 3.500h4M12.500 3.500h4M7 17h6",
  drift: "M2 12c2 0 2.500-6 5-6s3 8 5.500 8 2.500-5 5.500-5M2 17h16",
  planning: "M3 17h14M5 17v-5M9 17V8M13 17v-7M17 17V4M4 8l4-4 4 3 5-5",
  events: "M5 3h10v14l-2.500-1.500L10 17l-2.500-1.500L5 17zM7.500 7h5M7.500 10.500h5",
  search: "M9 3.500a5.500 5.500 0 100 11 5.500 5.500 0 000-11zM13 13l4 4",
} as const;

/** The names of the drawings. */
export type IconName = keyof typeof paths;

/** A small line drawing in the colour of the text around it. */
export function Icon({ name }: { readonly name: IconName }): ReactNode {
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinejoin="round"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}

/** The mark of Millwright: a mill's wheel. */
export function WheelMark(): ReactNode {
  return (
    <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0b5c9e" />
      <g fill="none" stroke="#fff" strokeWidth="2.4" strokeLinecap="round">
        <circle cx="16" cy="16" r="6.2" />
        <path d="M16 4.500v5.300M16 22.200v5.300M4.500 16h5.300M22.200 16h5.300M7.900 7.900l3.700 3.700M20.400 20.400l3.700 3.700M24.100 7.900l-3.700 3.700M11.600 20.400l-3.700 3.700" />
      </g>
    </svg>
  );
}
