// The plots of a page side by side: one pointer and one axis across for all of them, logarithmic or linear, smoothed,
// and zoomed by dragging or by buttons.

import type { PrintedFigure } from "../src/reports/line-chart.ts";
import { Chart, type ChartFrame } from "./chart.ts";
import { element, setText } from "./dom.ts";
import { type Figure, forPrint, lastUpTo, MARK_SIGNS, withSmoothing } from "./figures.ts";
import { t } from "./l10n.ts";
import { onThemeChange } from "./theme.ts";
import { iconButton } from "./toolkit.ts";

interface PlotsState {
  readonly figures: readonly Figure[];
  /** Names what is shown: something else begins unzoomed. */
  readonly subject: unknown;
  readonly studied: number | undefined;
  /** Where the axis across ends when nothing is zoomed. */
  readonly end: number;
  /** Are the iterations rounds? */
  readonly rounds: boolean;
}

interface PlotsActions {
  pick(iteration: number): void;
  /** The iteration under the pointer, or undefined when it has left. */
  point(iteration: number | undefined): void;
  save(figure: PrintedFigure, format: "svg" | "png"): void;
}

export class Plots {
  readonly #title = element("h2");
  readonly #log = element("input", { type: "checkbox", checked: "" });
  readonly #smoothing = element("input", { type: "range", min: "0", max: "0.99", step: "0.01", value: "0" });
  readonly #whole = iconButton(t("Whole run"), t("Show the whole run again (double-click a plot)"), () =>
    this.#setZoom(undefined),
  );
  readonly #charts: Chart[] = [];
  readonly #grid = element("div", { class: "charts" });
  /** What the lines from top to bottom stand for. */
  readonly #marks = element("p", { class: "marks note" });
  readonly element = element(
    "section",
    { "class": "plots", "aria-label": t("Plots") },
    element(
      "div",
      { class: "section-head" },
      this.#title,
      element(
        "div",
        { class: "plot-controls" },
        element("label", { title: t("Logarithmic axes; what is not positive is left out") }, this.#log, t("Log")),
        element(
          "label",
          { title: t("Exponential moving average; the values themselves stay as faint lines") },
          t("Smooth"),
          this.#smoothing,
        ),
        iconButton("−", t("Zoom out"), () => this.#zoomBy(2)),
        iconButton("+", t("Zoom in around the iteration under study (or drag across a plot)"), () => this.#zoomBy(0.5)),
        this.#whole,
      ),
    ),
    this.#marks,
    this.#grid,
  );
  readonly #frame: ChartFrame;
  #state: PlotsState | undefined;
  #zoom: readonly [number, number] | undefined;
  #hovered: number | undefined;
  #smoothedFrom: { readonly figures: readonly Figure[]; readonly weight: number } | undefined;
  #smoothed: readonly Figure[] = [];

  constructor(actions: PlotsActions) {
    this.#frame = {
      pointer: "iterations",
      span: () => this.#zoom ?? [0, this.#state?.end || 1],
      studied: () => this.#state?.studied,
      hover: (iteration) => {
        const place = iteration === undefined ? undefined : this.#nearest(iteration);
        if (place === this.#hovered) return;
        this.#hovered = place;
        actions.point(place === undefined ? undefined : this.#iterations[place]);
        this.#write();
      },
      pick: (iteration) => actions.pick(iteration),
      zoom: (low, high) => this.#setZoom([Math.max(0, low), Math.min(high, this.#state?.end ?? high)]),
      zoomOut: () => this.#setZoom(undefined),
      save: (figure, format) => actions.save(forPrint(figure, this.#log.checked, this.#frame.span()), format),
    };
    this.#log.addEventListener("change", () => this.#draw());
    this.#smoothing.addEventListener("input", () => this.#draw());
    this.#whole.hidden = true;
    onThemeChange(() => this.#refresh());
  }

  update(state: PlotsState): void {
    const before = this.#state;
    // Drawing costs more than all else on the page.
    if (
      before?.figures === state.figures &&
      before.subject === state.subject &&
      before.studied === state.studied &&
      before.end === state.end
    )
      return;
    if (state.subject !== before?.subject) {
      this.#zoom = undefined;
      this.#whole.hidden = true;
    }
    this.#state = state;
    this.element.hidden = state.figures.length === 0 || state.figures[0].iterations.length === 0;
    if (!this.element.hidden) this.#draw();
  }

  /** Lights the line of a restart in every plot. */
  light(restart: number | undefined): void {
    for (const chart of this.#charts) chart.light(restart);
  }

  #draw(): void {
    if (!this.#state) return;
    const { figures } = this.#state;
    while (this.#charts.length > figures.length) this.#charts.pop()!.dispose();
    while (this.#charts.length < figures.length) {
      const chart = new Chart(this.#frame);
      this.#charts.push(chart);
      this.#grid.append(chart.element);
    }
    const marks = (figures[0]?.marks ?? []).filter(({ kind }) => kind !== "token");
    setText(this.#marks, marks.map(({ kind, told }) => `${MARK_SIGNS[kind]} ${told}`).join(" · "));
    this.#marks.hidden = marks.length === 0;
    this.#grid.dataset.count = String(figures.length);
    const weight = Number(this.#smoothing.value);
    if (figures !== this.#smoothedFrom?.figures || weight !== this.#smoothedFrom.weight) {
      this.#smoothedFrom = { figures, weight };
      this.#smoothed = figures.map((figure) => withSmoothing(figure, weight));
    }
    this.#smoothed.forEach((figure, i) => this.#charts[i].update(figure, this.#log.checked));
    this.#write();
  }

  get #iterations(): readonly number[] {
    return this.#state?.figures[0]?.iterations ?? [];
  }

  #nearest(iteration: number): number {
    const iterations = this.#iterations;
    const place = lastUpTo(iterations, iteration);
    return iteration - iterations[place] > iterations[place + 1] - iteration ? place + 1 : place;
  }

  #write(): void {
    const iterations = this.#iterations;
    const { studied, rounds } = this.#state ?? {};
    const place = this.#hovered ?? (studied === undefined ? undefined : lastUpTo(iterations, studied));
    const iteration = place === undefined ? studied : iterations[place];
    const number = iteration?.toLocaleString("en");
    const title =
      number === undefined ? t("Plots") : rounds ? t("At round {0}", number) : t("At iteration {0}", number);
    setText(this.#title, title);
    for (const chart of this.#charts) chart.writeLegend(place);
  }

  #zoomBy(factor: number): void {
    const [low, high] = this.#frame.span();
    const end = this.#state?.end || 1;
    const centre = Math.min(high, Math.max(low, this.#state?.studied ?? (low + high) / 2));
    const half = Math.max(1, ((high - low) * factor) / 2);
    const from = Math.max(0, Math.min(centre - half, end - 2 * half));
    this.#setZoom(2 * half >= end ? undefined : [from, from + 2 * half]);
  }

  #setZoom(span: readonly [number, number] | undefined): void {
    this.#zoom = span;
    const focused = document.activeElement === this.#whole;
    this.#whole.hidden = span === undefined;
    if (focused && span === undefined) this.#log.focus();
    this.#refresh();
  }

  #refresh(): void {
    for (const chart of this.#charts) chart.refresh(this.#log.checked);
    this.#write();
  }
}
