// The restarts of a run as a table: what each has come to, in the order that the person wants.

import { hasFirstIterations } from "../src/describe/exact-when.ts";
import { shorten } from "../src/describe/short-text.ts";
import { tokensRight } from "../src/describe/tokens-right.ts";
import { formatNumber } from "./format.ts";
import { t } from "./l10n.ts";
import { type PageModel, shownRestart } from "./page-model.ts";

export const RESTART_COLUMNS = ["restart", "exact", "first", "correct", "output", "discrete", "text"] as const;
export type RestartColumn = (typeof RESTART_COLUMNS)[number];

export interface RestartOrder {
  readonly column: RestartColumn;
  readonly descending: boolean;
}

export interface RestartRow {
  /** From 0, as in the events. */
  readonly restart: number;
  readonly shown: boolean;
  readonly best: boolean;
  /** A text for each column that is shown. */
  readonly cells: readonly string[];
}

export interface RestartTable {
  readonly columns: readonly { readonly name: RestartColumn; readonly label: string; readonly meaning: string }[];
  readonly rows: readonly RestartRow[];
}

const labels = (): Readonly<Record<RestartColumn, readonly [label: string, meaning: string]>> => ({
  restart: [t("Restart"), t("Counted from 1; each begins from other noise")],
  exact: [t("Exact"), t("Are the decoded tokens the prompt’s?")],
  first: [t("First exact"), t("First decoded iteration whose tokens are all the prompt’s")],
  correct: [t("Correct"), t("Decoded tokens that are the prompt’s, each at its position")],
  output: [t("Output dist."), t("d(O(e), O(e*)), of the embedding that was found")],
  discrete: [t("Discrete dist."), t("d(O(embed(tokens)), O(e*)), of the decoded tokens’ own output; known at the end")],
  text: [t("Text"), t("What it decodes to")],
});

/** Characters of a text that a row has room for. */
const LONGEST = 300;

/** Undefined for a run of one restart, and before its first iteration. */
export function restartTable(page: PageModel, { column, descending }: RestartOrder): RestartTable | undefined {
  const { run } = page;
  if (!run?.start || run.info.spec.restarts < 2 || run.steps.length === 0) return undefined;
  const { tokenIds } = run.start.target;
  const names = RESTART_COLUMNS.filter((name) => name !== "first" || hasFirstIterations(run.info.spec));
  const rows = run.steps.flatMap((steps, restart) => {
    const found = run.end?.restarts[restart] ?? steps.at(-1);
    if (!found) return [];
    const correct = tokensRight(found.tokenIds, tokenIds);
    const first = run.firsts[restart]?.firstExactIteration ?? null;
    const discrete = "discreteDistance" in found ? found.discreteDistance : null;
    const exact = correct === tokenIds.length;
    const keys: Readonly<Record<RestartColumn, number | string | null>> = {
      restart,
      exact: Number(exact),
      first,
      correct,
      output: found.outputDistance,
      discrete,
      text: found.text,
    };
    const cells: Readonly<Record<RestartColumn, string>> = {
      restart: String(restart + 1),
      exact: exact ? t("✓ yes") : t("no"),
      first: first?.toLocaleString("en") ?? "–",
      correct: `${correct}/${tokenIds.length}`,
      output: formatNumber(found.outputDistance),
      discrete: discrete === null ? "–" : formatNumber(discrete),
      text: shorten(found.text, LONGEST),
    };
    return [{ restart, keys, cells: names.map((name) => cells[name]) }];
  });
  const sorted = rows.sort((a, b) => {
    const [x, y] = [a.keys[column], b.keys[column]];
    // What is not known comes last, in either direction.
    if (x === null || y === null) return Number(x === null) - Number(y === null) || a.restart - b.restart;
    const order = typeof x === "string" ? x.localeCompare(String(y)) : x - Number(y);
    return (descending ? -order : order) || a.restart - b.restart;
  });
  return {
    columns: names.map((name) => ({ name, label: labels()[name][0], meaning: labels()[name][1] })),
    rows: sorted.map(({ restart, cells }) => ({
      restart,
      shown: restart === shownRestart(page),
      best: run.end?.best.restart === restart,
      cells,
    })),
  };
}
