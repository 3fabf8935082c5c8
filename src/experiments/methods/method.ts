// A method as data: all that the terminal, the editor, forms, plots, lists, sweeps and estimates know of it. Pages import
// methods for their words, so what a method imports at once is pure; what only its run needs is loaded by the run.

import type { ExperimentSpec } from "../common-fields.ts";
import type { Certainty, RestartResult, RunEvent } from "../events.ts";
import type { Fields, ValuesOf } from "../fields.ts";
import type { ExperimentSetting } from "../setting.ts";

/** The spec of a method with these fields of its own. */
export type SpecOf<Name extends string, Own> = ExperimentSpec & ValuesOf<Own> & { readonly method: Name };

/** What is known of a restart at any time: of one that goes on, at its newest shown iteration. */
export interface Standing {
  /** Decoded tokens that are the prompt's, and the prompt's tokens. */
  readonly correctTokens: number;
  readonly tokens: number;
  readonly outputDistance: number;
  /** inputDistance / outputDistance; null when the output has not moved. */
  readonly ratio: number | null;
  /** Is there a prompt to compare with? */
  readonly isKnown: boolean;
  /** Of each token, where the method tells. */
  readonly certainty?: readonly Certainty[];
}

/** What a method says of a restart. */
export interface Verdict {
  /** "Exact: all 5 tokens" */
  readonly title: string;
  /** The same for a narrow list: "0.0123", "r = 12". */
  readonly figure: string;
  /** Has it come to all that it is out for? Never of a method that has no such mark. */
  readonly reached: boolean;
}

/** A column that a method measures at its points beside the distances, and its plot. */
export interface MeasuredSeries {
  /** Of the point's field, and of the column in tables. */
  readonly name: string;
  /** One value a token, each a line of its own. */
  readonly perToken?: boolean;
  /** Values that do not go over into each other. */
  readonly dotted?: boolean;
  /** A count or a place: a linear axis from this value up, whatever the others have. */
  readonly from?: number;
  /** Plotted by its size. */
  readonly absolute?: boolean;
  readonly title: () => string;
  /** In the legend; the tokens' own texts where there is a line each. */
  readonly label?: string;
  /** What a line is, of a token "Token 1: …". */
  meaning(spec: ExperimentSpec): string;
}

/** A figure of a restart's result, of which a sweep shows the median. */
export interface ResultFigure {
  readonly name: string;
  readonly label: string;
  /** Is it a share of the tokens? Then a sweep shows the mean. */
  readonly ofTokens?: boolean;
  readonly of: (result: RestartResult) => number | null;
}

/** A run that the result of another one invites. */
export interface Suggestion {
  readonly name: string;
  /** On a button. */
  readonly label: () => string;
  readonly meaning: () => string;
  /** Fields that it has otherwise. */
  readonly change: Readonly<Record<string, unknown>>;
  /** Is it of use after a run of this spec? */
  suits(spec: ExperimentSpec): boolean;
}

export interface Method<Own extends Fields = Fields> {
  /** The spec's field `method`. */
  readonly name: string;
  /** What follows `inversion-lab` in a terminal, with a line of help for each word. */
  readonly command: readonly (readonly [word: string, help: string])[];
  /** The command of VS Code that runs it on a selection, `inversionLab.NAME`; without one it is chosen in the form. */
  readonly editorCommand?: string;
  /**
   * Does it prove its tokens? Then its iterations are rounds, which end by themselves when every token is settled, and a
   * search that is over can be held against it.
   */
  readonly proves?: boolean;
  /** The prompt's tokens, or another input for the same output. */
  readonly goal: "recover" | "move";
  /** Its fields beside the common ones; `iterations` is among them. */
  readonly schema: Own;
  /** Those of its own fields that have a setting. */
  readonly settings: readonly string[];
  /** Settings of all its fields under a name. */
  readonly presets?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly suggestions?: readonly Suggestion[];
  /** What the fields that somebody gave say of others. */
  implied?(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /** Fields whose default depends on others, and what two fields together make wrong: a sentence, at the first field it names. */
  complete?(
    values: Readonly<Record<string, unknown>>,
    nameOf: (field: string) => string,
  ): Readonly<Record<string, unknown>> | string;
  readonly describe: {
    /** "Orthogonal walk" */
    readonly title: () => string;
    readonly formula: () => string;
    /** The symbols that the formula has for fields. */
    readonly symbols?: Readonly<Record<string, string>>;
    /** "Inverting “The sky is blue.”" */
    readonly doing: (prompt: string) => string;
    /** "Inversion: The sky is blue." */
    readonly heading: (prompt: string) => string;
    /** What it is set to, a part each, and nothing that leaves it as it is. */
    parts(spec: ExperimentSpec): readonly string[];
    /** The same in a word or two: what tells a run from its neighbours. */
    short(spec: ExperimentSpec): string;
  };
  verdict(standing: Standing): Verdict;
  readonly series: readonly MeasuredSeries[];
  readonly figures?: readonly ResultFigure[];
  /** Forward and backward passes of one restart, roughly. */
  cost(spec: ExperimentSpec): number;
  /**
   * Carries it out: a start event, step events on the spec's schedule, an end event; once the signal is aborted it ends
   * after the iteration at hand, with what it has. Throws LabErrors.
   */
  run(spec: ExperimentSpec, setting: ExperimentSetting, signal: AbortSignal): AsyncGenerator<RunEvent>;
}
