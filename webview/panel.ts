// The panel's page: takes the host's messages into the model and has the views show it, once a frame at most.

import type { FromPage, ToPage } from "../src/session/panel-messages.ts";
import { countsRounds } from "../src/describe/run-progress.ts";
import { isOver } from "../src/describe/run-state.ts";
import { ComparisonView } from "./comparison.ts";
import { DepthMapView } from "./depth-map.ts";
import { element, setText } from "./dom.ts";
import { ExperimentForm } from "./form.ts";
import { Header } from "./header.ts";
import { emptyPage, receive, rowAt, shownRestart, shownSeries, shownStep } from "./page-model.ts";
import { figureTitle } from "./run-label.ts";
import { announcementOf, placeholderOf } from "./state-words.ts";
import "./base.css";
import "./panel.css";
import { type Figure, runFigures } from "./figures.ts";
import { Plots } from "./plots.ts";
import { rasterise } from "./rasterise.ts";
import { RestartsView } from "./restarts.ts";
import { ResultView } from "./result.ts";
import { Timeline } from "./timeline.ts";
import { registerControls } from "./toolkit.ts";
import { TopTokens } from "./top-tokens.ts";

const CLOCK_MS = 100;

registerControls();
const host = acquireVsCodeApi();
const send = (message: FromPage): void => host.postMessage(message);
const page = emptyPage();

const header = new Header(send, select);
const form = new ExperimentForm(send, () => {
  draw();
  header.focus();
});
const result = new ResultView();
const plots = new Plots({
  pick: (iteration) => pick(() => (page.row = rowAt(page, iteration))),
  point: (iteration) => {
    page.pointed = iteration;
    comparison.updateDecoded(page);
  },
  save: (figure, format) => {
    if (!page.run) return;
    const { id } = page.run.info;
    send({ type: "saveFigure", id, figure: { ...figure, title: figureTitle(page) }, format });
  },
});
const comparison = new ComparisonView({
  show: (id) => select(id),
  remove: (removed) => {
    const { id, compared } = page.run!.info;
    const rest = compared.filter((other) => other !== removed);
    // The shown run may be the one that goes: another one is then shown.
    send({ type: "compare", id: id === removed ? rest[0] : id, beside: rest });
  },
  end: () => {
    if (page.run) send({ type: "compare", id: page.run.info.id, beside: [] });
  },
  export: () => {
    if (page.run) send({ type: "export", id: page.run.info.id, comparison: true });
  },
});
const restarts = new RestartsView({
  pick: (restart) => pick(() => (page.restart = restart)),
  light: (restart) => plots.light(restart),
});
const topTokens = new TopTokens();
const timeline = new Timeline({
  pickRow: (row) => pick(() => (page.row = row)),
  pickRestart: (restart) => pick(() => (page.restart = restart)),
});
const depthMap = new DepthMapView((row) => pick(() => (page.row = row)));
const heading = element("h1", { class: "for-screen-readers" }, "Inversion Lab");
const placeholder = element("section", { class: "placeholder" }, element("h2"), element("p"));
/** Says out loud when the run begins or ends, and nothing in between. */
const announcer = element("div", { "class": "for-screen-readers", "aria-live": "polite" });

document.body.append(
  element(
    "main",
    {},
    heading,
    form.element,
    header.element,
    placeholder,
    result.element,
    depthMap.element,
    restarts.element,
    plots.element,
    comparison.element,
    timeline.element,
    topTokens.element,
  ),
  announcer,
);

addEventListener("message", ({ data }: MessageEvent<ToPage>) => {
  if (data.type === "form") form.open(data.form);
  else if (data.type === "problems") form.tell(data);
  else if (data.type === "rasterise") void answerDrawing(data.request, data.svg);
  else receive(page, data);
  drawSoon();
});
async function answerDrawing(request: number, svg: string): Promise<void> {
  try {
    send({ type: "rasterised", request, png: await rasterise(svg) });
  } catch (error) {
    send({ type: "rasterised", request, problem: error instanceof Error ? error.message : String(error) });
  }
}

setInterval(() => {
  if (page.run && !isOver(page.run.info)) header.updateState(Date.now());
}, CLOCK_MS);
send({ type: "ready" });

function select(id: string): void {
  pick(() => (page.picked = id));
  send({ type: "select", id });
}

function pick(change: () => void): void {
  change();
  drawSoon();
}

let asked = false;
function drawSoon(): void {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    draw();
  });
}

function draw(): void {
  document.body.classList.toggle("editing", form.isOpen);
  header.update(page, Date.now());
  result.update(page);
  depthMap.update(page);
  drawPlots();
  comparison.update(page);
  restarts.update(page);
  timeline.update(page);
  topTokens.update(page);
  drawPlaceholder();
  setText(announcer, announcementOf(page));
}

/** How often the figures of a run that goes on are made anew. */
const FIGURES_MS = 250;
let figures: readonly Figure[] = [];
/** What the figures were made of: with ten thousand steps they are not made anew for another row. */
let figured: {
  readonly subject: string;
  readonly sizes: string;
  readonly at: number;
  readonly newest: number | undefined;
} = { subject: "", sizes: "", at: 0, newest: undefined };
let figuresDue: ReturnType<typeof setTimeout> | undefined;

function drawPlots(): void {
  const { run, beside } = page;
  const shown = [run, ...beside];
  const subject = JSON.stringify([
    shownRestart(page),
    shown.map((each) => [each?.info.id, each?.info.compared, each?.end?.best.restart]),
  ]);
  const sizes = JSON.stringify(shown.map((each) => each?.series.map(({ iterations }) => iterations.length)));
  const now = performance.now();
  if (subject !== figured.subject || (sizes !== figured.sizes && now - figured.at >= FIGURES_MS)) {
    figured = { subject, sizes, at: now, newest: shownStep(page)?.iteration };
    figures = runFigures(page);
  } else if (sizes !== figured.sizes) {
    figuresDue ??= setTimeout(() => {
      figuresDue = undefined;
      drawSoon();
    }, FIGURES_MS);
  }
  // While the newest iteration is followed, the line that marks it moves with the figures: it would have them drawn anew.
  const isFollowing = page.row === undefined && sizes !== figured.sizes;
  plots.update({
    figures,
    subject: run?.info.id,
    studied: isFollowing ? figured.newest : shownStep(page)?.iteration,
    end:
      (run && !isOver(run.info) && !countsRounds(run.info.spec)
        ? run.info.spec.iterations
        : shownSeries(page)?.iterations.at(-1)) ?? 1,
    rounds: run !== undefined && countsRounds(run.info.spec),
  });
}

function drawPlaceholder(): void {
  const shown = placeholderOf(page);
  placeholder.hidden = !shown;
  if (!shown) return;
  setText(placeholder.children[0], shown.title);
  setText(placeholder.children[1], shown.text);
}
