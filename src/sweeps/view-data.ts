// What is shown of a sweep, as plain data: it crosses to pages, which know neither files nor processes.

/** What has been written into a form, a text a field: prompts a line each, everything else separated by commas or blanks. */
export type SweepDraft = Readonly<Record<string, string>>;

/** A chart of a sweep's results: a figure along an axis, or over another figure. */
export interface SweepChart {
  /** One of `heatFigures`. */
  readonly y: string;
  /** The axis whose values are the points of a line. */
  readonly along: string;
  /** The axis with a line for each value; one line where it is missing. */
  readonly lines?: string;
  /** The figure across, one of `heatFigures`; the values of `along` where it is missing. */
  readonly x?: string;
}

/** A sweep that a form can begin from. */
export interface ReadySweep {
  readonly name: string;
  readonly title: string;
  readonly draft: SweepDraft;
  readonly charts: readonly SweepChart[];
}

/** What is known of a sweep before it is begun. */
export interface SweepCheck {
  /** What is wrong, each at its field; "" is none of them. */
  readonly problems: readonly { readonly field: string; readonly message: string }[];
  readonly runs: number;
  /** By estimate; undefined where nothing is known of other runs. */
  readonly estimateMs?: number;
}

/** What is to be shown; a map of one axis has no second. */
export interface HeatChoice {
  readonly across: string | undefined;
  readonly down: string | undefined;
  /** One of `heatFigures`. */
  readonly figure: string;
}

/** Where two values meet. */
export interface HeatCell {
  readonly runs: number;
  readonly finished: number;
  readonly failed: number;
  /** Null before the first run is finished, and where the figure is not known. */
  readonly value: number | null;
  /** Where the value stands on the map's scale, 0…1; 0 where there is none. */
  readonly strength: number;
}

/** From the weakest colour to the strongest. */
export interface HeatScale {
  readonly low: number;
  readonly high: number;
  readonly logarithmic: boolean;
}

export interface HeatMap extends HeatChoice {
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  /** [row][column]; null where the axes' values do not meet in any run. */
  readonly cells: readonly (readonly (HeatCell | null)[])[];
  /** Null where no place has a value. */
  readonly scale: HeatScale | null;
}

/** An axis with its values as texts, in the order of the cells. */
export interface HeatAxis {
  readonly field: string;
  readonly values: readonly string[];
}
