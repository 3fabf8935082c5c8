// What the page knows: the session's runs, the one that is shown, those beside it, and what the person has picked of them.

import type { StepEvent } from "../src/experiments/events.ts";
import type { RunInfo, RunHistory, ToPage } from "../src/session/panel-messages.ts";
import { addEvents, nearestRow, newRun, type RunModel, type Series } from "./run-model.ts";

export interface PageModel {
  runs: readonly RunInfo[];
  run: RunModel | undefined;
  beside: readonly RunModel[];
  /** The run that the person picked from the list, until the host has sent it. */
  picked: string | undefined;
  /** The restart that the person picked; undefined for the best. */
  restart: number | undefined;
  /** The row that the person picked; undefined for the newest. */
  row: number | undefined;
  /** The iteration under the pointer, while it is over the plots. */
  pointed: number | undefined;
}

export const emptyPage = (): PageModel => ({
  runs: [],
  run: undefined,
  beside: [],
  picked: undefined,
  restart: undefined,
  row: undefined,
  pointed: undefined,
});

export function receive(page: PageModel, message: Extract<ToPage, { readonly type: "show" | "run" | "events" }>): void {
  switch (message.type) {
    case "show": {
      const { runs, shown, beside } = message;
      const modelOf = (told: RunHistory | undefined): RunModel | undefined => {
        const info = runs.find(({ id }) => id === told?.id);
        const model = info && newRun(info);
        if (model && told) addEvents(model, told.events);
        return model;
      };
      const run = modelOf(shown);
      if (run?.info.id !== page.run?.info.id) {
        page.restart = undefined;
        page.row = undefined;
      }
      page.runs = runs;
      page.picked = undefined;
      page.run = run;
      page.beside = beside.map(modelOf).filter((other) => other !== undefined);
      return;
    }
    case "run": {
      const { run } = message;
      const known = page.runs.some(({ id }) => id === run.id);
      page.runs = known ? page.runs.map((other) => (other.id === run.id ? run : other)) : [...page.runs, run];
      for (const shown of shownRuns(page)) if (shown.info.id === run.id) shown.info = run;
      return;
    }
    case "events":
      for (const shown of shownRuns(page)) if (shown.info.id === message.id) addEvents(shown, message.events);
  }
}

const shownRuns = ({ run, beside }: PageModel): RunModel[] => (run ? [run, ...beside] : [...beside]);

/** The runs of the comparison in their order; none where the shown run is by itself. */
export function comparedRuns(page: PageModel): RunModel[] {
  if (!page.run || page.beside.length === 0) return [];
  const { compared } = page.run.info;
  return shownRuns(page).sort((a, b) => compared.indexOf(a.info.id) - compared.indexOf(b.info.id));
}

export const shownSeries = (page: PageModel): Series | undefined => page.run?.series[shownRestart(page)];

/** The run that buttons are about: the one just picked, although another one is shown for a moment yet. */
export const chosenRun = ({ runs, run, picked }: PageModel): RunInfo | undefined =>
  runs.find(({ id }) => id === picked) ?? run?.info;

/** The restart whose steps are shown: the one picked, else the best one, which is known at the end. */
export const shownRestart = ({ run, restart }: PageModel): number => restart ?? run?.end?.best.restart ?? 0;

export const shownSteps = (page: PageModel): readonly StepEvent[] => page.run?.steps[shownRestart(page)] ?? [];

/** The row of the shown iteration that is closest to one of the plot's. */
export const rowAt = (page: PageModel, iteration: number): number => nearestRow(shownSteps(page), iteration);

/** The row under study: the one picked, else the newest; −1 when there is none yet. */
export const shownRow = (page: PageModel): number => page.row ?? shownSteps(page).length - 1;

export const shownStep = (page: PageModel): StepEvent | undefined => shownSteps(page)[shownRow(page)];

/** The restart that a run of the comparison is seen by: the one under study, of the others the best. */
export const restartOf = (page: PageModel, run: RunModel): number =>
  run === page.run ? shownRestart(page) : (run.end?.best.restart ?? 0);
