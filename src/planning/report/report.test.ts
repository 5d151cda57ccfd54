import * as fc from "fast-check";
import { expect, test } from "vitest";
import { measuredError, notMeasured } from "../accuracy/error-statement.ts";
import { fleetErrors } from "../fleet/fleet-errors.ts";
import { describeErrors } from "./describe-errors.ts";
import { drawLines } from "./draw-lines.ts";
import { drawTornadoPlot } from "./draw-tornado.ts";
import { writeHtml } from "./html-report.ts";
import { writeMarkdown } from "./markdown-report.ts";
import { writePartsCsv } from "./parts-csv.ts";
import type { ReportDocument } from "./model.ts";
import { writeTablesCsv } from "./tables-csv.ts";
import {
  monthAfter,
  writeDays,
  writeInterval,
  writeNumber,
  writeSeconds,
  writeShare,
  writeSize,
  writeSpread,
  writeTokens,
  writeUsd,
} from "./write-figure.ts";

const page: ReportDocument = {
  title: "A <fleet> & more",
  sections: [
    {
      heading: "Answer",
      blocks: [
        { kind: "text", text: "1 < 2" },
        { kind: "list", items: ["one", "two"] },
        { kind: "table", head: ["what", "#USD"], rows: [["a|b", "3"]] },
      ],
    },
  ],
};

test("writes figures with three digits that carry meaning", () => {
  expect([0, 0.00012, 0.1234, 12.345, 100, 1234, 1_234_567].map(writeNumber)).toEqual([
    "0",
    "1.2e-4",
    "0.123",
    "12.3",
    "100",
    "1,234",
    "1.23 M",
  ]);
  expect([writeUsd(1.5), writeUsd(-2_500_000), writeShare(0.0301), writeShare(0.00001)]).toEqual([
    "$1.50",
    "-$2.50 M",
    "3 %",
    "< 0.1 %",
  ]);
  expect([13e9, 300e9, 15e12].map(writeTokens)).toEqual(["13 B", "300 B", "15 T"]);
  expect(writeSpread({ p10: 1, p50: 2, p90: 3 }, writeUsd)).toBe("$2.00 ($1.00 to $3.00)");
});

test("a share below all is never told as all, and an interval keeps to the unit of its likely figure", () => {
  expect([0.9985, 0.99999, 1, 0.994].map(writeShare)).toEqual(["99.9 %", "over 99.9 %", "100 %", "99 %"]);
  expect(writeInterval({ low: 105, likely: 115, high: 125 }, writeSeconds)).toBe("115 s (105 s to 125 s)");
  expect(writeInterval({ low: 1.8, likely: 1.9, high: 2.2 }, writeDays)).toBe("45.6 hours (43.2 hours to 52.8 hours)");
  expect(writeSeconds(50_700 * 3600)).toBe("2,113 days");
});

test("months go on over the end of a year", () => {
  expect([0, 1, 12, 25].map((ahead) => monthAfter("2026-12", ahead))).toEqual([
    "2026-12",
    "2027-01",
    "2027-12",
    "2029-01",
  ]);
});

test("writes Markdown with numbers to the right and bars escaped", () => {
  expect(writeMarkdown(page)).toBe(
    "# A <fleet> & more\n\n## Answer\n\n1 < 2\n\n- one\n- two\n\n| what | USD |\n| ---- | --: |\n| a\\|b |   3 |\n",
  );
});

test("writes HTML that escapes every text and asks nothing from outside", () => {
  const html = writeHtml(page);

  expect(html).toContain("<h1>A &lt;fleet&gt; &amp; more</h1>");
  expect(html).toContain('<td class="number">3</td>');
  expect(html).toContain("prefers-color-scheme: dark");
  expect(html).not.toMatch(/<script|https?:|url\(/);
});

test("a bill of materials keeps its cells: quotes doubled, formulae made text, the sum last, errors beside figures", () => {
  const part = {
    group: "compute network",
    name: '=1+1, "big"',
    count: 2,
    unitUsd: 3,
    totalUsd: 6,
    source: "a",
  } as const;
  const bounds = { ...part, group: "management network", name: "b", unitUsdBounds: { low: 3, high: 6 } } as const;
  const lines = writePartsCsv([part, bounds], fleetErrors({ gpu: "H100-SXM", confidence: "A" })).split("\r\n");

  expect(lines[0]).toBe("group,part,count,count_error,unit_usd,unit_usd_error,total_usd,total_usd_error,source");
  expect(lines[1]).toMatch(
    /^compute network,"'=1\+1, ""big""",2,"?±0\.0 % .*,3\.00,not measured: .*,6\.00,that of .*,a$/,
  );
  expect(lines[2]).toMatch(/list count, exact.*3 to 6 believed \(\+0 % to \+100 %\)/);
  expect(lines[3]).toMatch(/^total,,,,,,12\.00,not measured: 12 to 18 by the bounds/);
});

test("no figure of an exported table stands without a statement of its error", () => {
  const lines = writeTablesCsv(page).split("\r\n");

  expect(lines).toContain("Answer");
  expect(lines.filter((line) => line.startsWith("how wrong this may be,"))).toHaveLength(1);
});

test("a plot stays inside its frame and holds no NaN, whatever the values", () => {
  const values = fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(values, (line) => {
      const labels = line.map((_, index) => `m${index}`);
      const kinds = ["area", "area", "line", "step", "dashed"] as const;
      const svg = drawLines({
        title: "t",
        unit: "u",
        labels,
        series: kinds.map((kind) => ({ name: kind, kind, values: line })),
      });
      expect(svg).not.toMatch(/NaN|Infinity/);
      const points = [...svg.matchAll(/points="([^"]+)"/g)].flatMap(([, list = ""]) => list.split(" "));
      for (const point of points) {
        const [x = -1, y = -1] = point.split(",").map(Number);
        expect(x >= 0 && x <= 720 && y >= 0 && y <= 300).toBe(true);
      }
    }),
  );
});

test("a tornado draws two bars a rate around the likeliest result", () => {
  const bar = {
    words: { name: "PUE", low: "1.1", high: "1.5" },
    rate: "pue",
    low: 1.1,
    high: 1.5,
    resultAtLow: 2,
    resultAtHigh: 3,
    swing: 1,
  } as const;
  const svg = drawTornadoPlot("t", [bar], 2.4);

  expect(svg.match(/class="bar/g)).toHaveLength(2);
  expect(drawTornadoPlot("t", [], 2.4)).not.toMatch(/NaN|Infinity/);
});

test("tables become CSV under their headings, and no cell becomes a formula", () => {
  const table = { kind: "table" as const, head: ["what", "#USD"], rows: [["=1+1", "3,000"]] };

  expect(writeTablesCsv({ title: "t", sections: [{ heading: "Answer", blocks: [table] }] })).toBe(
    'Answer\r\nwhat,USD\r\n\'=1+1,"3,000"\r\n\r\nhow wrong this may be,"not measured, beyond the bounds that the table itself states"\r\n\r\n',
  );
});

const bars = {
  kind: "bars" as const,
  caption: "Memory <of> GPUs",
  unit: "GiB",
  limit: 80,
  bars: [
    {
      label: "t4 & p2",
      parts: [
        { name: "weights", value: 30 },
        { name: "cache", value: 20 },
      ],
      note: "fits",
    },
    { label: "t8", parts: [{ name: "weights", value: 90 }], note: "does not" },
  ],
};

test("bars are a table in Markdown, and a picture in HTML whose parts keep to one scale", () => {
  const document = { title: "t", sections: [{ heading: "Memory", blocks: [bars] }] };

  expect(writeMarkdown(document)).toMatch(/\| t4 & p2 +\| +30 \| +20 \| +50 \| fits +\|/);
  const html = writeHtml(document);
  const widths = [...html.matchAll(/<rect class="bar c\d" x="[\d.]+" y="\d+" width="([\d.]+)"/g)].map((found) =>
    Number(found[1]),
  );
  expect(widths).toHaveLength(3);
  expect((widths[2] ?? 0) / (widths[0] ?? 1)).toBeCloseTo(3, 1);
  expect(html).toContain("t4 &amp; p2");
  expect(html).not.toContain("<of>");
});

test("what may be wrong stands under its figures in every form, the error apart from what tells it", () => {
  const items = [
    { quantity: "step time", stated: "±5 %", basis: "80 % of 9 rows" },
    { quantity: "people", stated: "not measured", basis: "" },
  ];
  const document = { title: "t", sections: [{ heading: "Answer", blocks: [{ kind: "errors" as const, items }] }] };

  expect(writeMarkdown(document)).toContain(
    "How wrong this may be:\n\n- step time: **±5 %**; 80 % of 9 rows\n- people: **not measured**",
  );
  const html = writeHtml(document);
  expect(html).toContain("<p>How wrong this may be</p>");
  expect(html).toContain("<li><b>±5&nbsp;%</b><span><i>step time</i>: 80&nbsp;% of 9 rows</span></li>");
});

test("a section further down repeats an error, not what tells it", () => {
  const items = [{ quantity: "step time", stated: "±5 %", basis: "80 % of 9 rows" }];
  const section = (heading: string) => ({ heading, blocks: [{ kind: "errors" as const, items }] });
  const document = { title: "t", sections: [section("Answer"), section("Layouts")] };

  expect(writeMarkdown(document)).toContain("## Layouts\n\nHow wrong this may be: step time ±5 %.");
  expect(writeHtml(document).match(/80&nbsp;% of 9 rows/g)).toHaveLength(1);
});

test("a reason that stands for several errors is told with the first of them", () => {
  const widening = { factor: 1.5, guessed: 0, reasons: ["kernels of X were not measured"] };
  const block = describeErrors([
    measuredError("tokens", "inference_silicon (dense)", "TPOT", widening),
    measuredError("first tokens", "inference_silicon (dense)", "TTFT", widening),
    notMeasured("people", "a convention"),
  ]);

  expect(block).toMatchObject({
    items: [
      { stated: expect.stringMatching(/^±\d/), basis: expect.stringMatching(/^widened from .*: kernels of X/) },
      { basis: expect.stringMatching(/^widened from [^:]*, for the same reason$/) },
      { quantity: "people", stated: "not measured", basis: "a convention" },
    ],
  });
});

test("the report in HTML leads to its sections, and its plots and tables hold together on paper", () => {
  const sections = ["a", "b & c", "d", "e"].map((heading) => ({ heading, blocks: [] }));
  const html = writeHtml({ title: "t", sections });

  expect(html).toContain('<a href="#s2">b &amp; c</a>');
  expect(html).toContain('<h2 id="s2">b &amp; c</h2>');
  expect(html).toMatch(/@media print \{[\s\S]*nav \{ display: none/);
});

test("prose of Markdown is broken at its blanks, and no line begins what it does not mean", () => {
  const text = `${"word ".repeat(23)}- 5 % ${"more ".repeat(30)}end`;
  const lines = writeMarkdown({ title: "t", sections: [{ heading: "h", blocks: [{ kind: "text", text }] }] }).split(
    "\n",
  );

  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120 + " - 5 %".length);
  expect(lines.filter((line) => /^[-%]/.test(line))).toEqual([]);
  expect(lines.slice(4).join(" ").trim()).toBe(text);
});

test("an interval is drawn as a band over the months, and behind the last month as a line with its median", () => {
  const svg = drawLines({
    title: "t",
    unit: "u",
    labels: ["a", "b"],
    series: [
      { name: "P10 to P90", kind: "band", values: [4, 6], lower: [1, 2] },
      { name: "buy", kind: "line", values: [1, 2], end: { low: 2, middle: 3, high: 9 } },
    ],
  });
  const points = /class="band" points="([^"]+)"/.exec(svg)?.[1]?.split(" ") ?? [];
  const end = /<line class="line c1" x1="([\d.]+)" y1="([\d.]+)" x2="[\d.]+" y2="([\d.]+)"/
    .exec(svg)
    ?.slice(1)
    .map(Number);

  expect(points).toHaveLength(4);
  expect(svg.match(/class="edge" points/g)).toHaveLength(2);
  // From the foot of the interval up to its head, right of the last month.
  expect(end?.[0]).toBeGreaterThan(Number(points[1]?.split(",")[0]));
  expect(end?.[1]).toBeGreaterThan(end?.[2] ?? Number.POSITIVE_INFINITY);
});

test("the name of a rate stands inside of a tornado, however long it is", () => {
  const words = { name: "change of hardware prices in any one year", low: "-25 %", high: "0 %" };
  const bar = { words, rate: "pue", low: 1, high: 2, resultAtLow: 2, resultAtHigh: 3, swing: 1 } as const;
  const end = Number(/<text class="tick end" x="([\d.]+)"[^>]*>change/.exec(drawTornadoPlot("t", [bar], 2.4))?.[1]);

  // Letters of this size are at most 5.8 wide on average.
  expect(end).toBeGreaterThanOrEqual(5.8 * words.name.length);
});

test("the words at the ends of a bar stand on different sides, also where both ends lie on one", () => {
  const words = { name: "life of hardware", low: "36 months", high: "72 months" };
  const bar = {
    rate: "lifeMonths",
    words,
    low: 36,
    high: 72,
    resultAtLow: 6.26,
    resultAtHigh: 6,
    swing: 0.26,
  } as const;
  const places = [
    ...drawTornadoPlot("t", [bar], 6).matchAll(/class="(tick end|tick)" x="([\d.]+)"[^>]*>(\d\d) months/g),
  ];
  const at = new Map(places.map(([, side, x, months]) => [months, { side, x: Number(x) }]));

  expect(at.get("72")?.side).toBe("tick end");
  expect(at.get("36")?.side).toBe("tick");
  expect(at.get("72")?.x ?? 0).toBeLessThan(at.get("36")?.x ?? 0);
});

test("the legend of a plot looks like its series, and the word of a mark at the end stands inside", () => {
  const svg = drawLines({
    title: "totals",
    unit: "USD",
    labels: ["2026-12", "2027-01"],
    series: [
      { name: "stage", kind: "area", values: [1, 2] },
      { name: "P90", kind: "dashed", values: [2, 3] },
    ],
    marks: [{ at: 1, label: "break-even" }],
  });

  expect(svg).toContain('<rect class="area c0"');
  expect(svg).toMatch(/<line class="line c1" stroke-dasharray="[\d ]+"[^>]+\/><text[^>]+>P90</);
  expect(svg).toMatch(/<text class="note end"[^>]+>break-even</);
});

test("a figure and its percent sign are not torn apart in HTML", () => {
  const blocks = [{ kind: "text" as const, text: "90 % owned" }];

  expect(writeHtml({ title: "t", sections: [{ heading: "h", blocks }] })).toContain("90&nbsp;% owned");
});

test("sizes stand apart from their unit", () => {
  expect([182e9, 1.46e12, 12].map(writeSize)).toEqual(["182 GB", "1.46 TB", "12 B"]);
});
