// A table whose places are coloured by a figure, as data.

/** Columns and rows that are drawn; nobody reads more, and every place is a button. */
export const MOST = 100;

export interface GridPlace {
  readonly text: string;
  /** Of the colour, 0…1. */
  readonly strength: number;
  /** Of the line below, 0…1; none where nothing is said. */
  readonly finished?: number;
  readonly mark?: "failed" | "open" | "unknown";
  /** All of it in words. */
  readonly told: string;
}

export interface Grid {
  readonly label: string;
  /** What columns and rows are. */
  readonly across?: string;
  readonly down?: string;
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  /** [row][column] */
  readonly places: readonly (readonly (GridPlace | undefined)[])[];
}
