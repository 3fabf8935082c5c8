// The page of the Sweeps view: the sweep that is shown with its map, and the form for a new one.

import type { CellInfo, FromSweepsPage, SweepInfo, ToSweepsPage } from "../src/session/sweeps-messages.ts";
import "./base.css";
import type { HeatChoice } from "../src/sweeps/view-data.ts";
import { element, setText } from "./dom.ts";
import { formatNumber } from "./format.ts";
import { HeatMapView } from "./heat-map.ts";
import { t } from "./l10n.ts";
import "./sweeps.css";
import { SweepForm } from "./sweep-form.ts";
import { actionsOf, stateText } from "./sweep-model.ts";
import { button, iconButton, type Option, registerControls } from "./toolkit.ts";

registerControls();
const host = acquireVsCodeApi();
const send = (message: FromSweepsPage): void => host.postMessage(message);

let sweeps: readonly SweepInfo[] = [];
let shown: string | undefined;
let map: Extract<ToSweepsPage, { type: "map" }> | undefined;
/** What was picked and is not shown yet. */
let chosen: HeatChoice | undefined;
let listed: Extract<ToSweepsPage, { type: "runs" }> | undefined;

const act =
  (type: "start" | "pause" | "stop" | "forget" | "openFile" | "showResults" | "saveMap" | "duplicate") => () => {
    if (shown !== undefined) send({ type, id: shown });
  };

const form = new SweepForm(send, draw);
const choose = element("select", { "aria-label": t("Sweep") });
const updateChoice = updaterOf(choose);
choose.addEventListener("change", () => send({ type: "select", id: choose.value }));
const name = element("h2");
const state = element("p", { class: "state" });
const current = element("p", { class: "current" });
const trouble = element("p", { class: "problem", role: "alert" });
const bar = element("div", { class: "bar-fill" });
const progress = element(
  "div",
  {
    "class": "bar",
    "role": "progressbar",
    "aria-label": t("Progress of the sweep"),
    "aria-valuemin": "0",
    "aria-valuemax": "100",
  },
  bar,
);
const start = button(t("Start"), t("Carry out the runs that are not finished"), true, act("start"));
const pause = button(t("Pause"), t("Pause after the run at hand"), true, act("pause"));
const stop = button(
  t("Stop"),
  t("Stop at once; the run at hand is repeated when the sweep goes on"),
  false,
  act("stop"),
);
const results = button(t("Results"), t("Show the tables of what is finished"), false, act("showResults"));
const more = element(
  "div",
  { class: "actions" },
  button(t("Duplicate…"), t("Open the form with this sweep, to be changed and started"), false, act("duplicate")),
  button(t("Save Map…"), t("Save the map as a drawing for a paper"), false, act("saveMap")),
  button(t("Open File"), t("Open the sweep’s file in an editor"), false, act("openFile")),
);
const forget = button(t("Remove"), t("Remove from list (keeps files)"), false, act("forget"));
more.append(forget);

const across = list(t("Across"), (value) => pick({ across: value || undefined }));
const down = list(t("Down"), (value) => pick({ down: value || undefined }));
const figure = list(t("Figure"), (value) => pick({ figure: value }));
const swap = iconButton("⇄", t("Exchange the axes"), () => {
  if (map) pick({ across: map.map.down, down: map.map.across });
});
const axes = element("div", { class: "axes" }, across.element, swap, down.element, figure.element);
const heatMap = new HeatMapView((column, row) => {
  if (shown !== undefined) send({ type: "openPlace", id: shown, column, row });
});
const runsTitle = element("h3");
const runsList = element("ul");
const runs = element("section", { "class": "runs", "aria-live": "polite" }, runsTitle, runsList);

const empty = element(
  "section",
  { class: "empty" },
  element(
    "p",
    {},
    t(
      "A sweep carries out one experiment for every combination of prompts, checkpoints, seeds, depths and whatever else, and shows them as a map.",
    ),
  ),
  element(
    "div",
    { class: "actions" },
    button(t("New Sweep…"), t("Build a sweep in a form"), true, () => send({ type: "new" })),
    button(t("Open Sweep…"), t("Open a *.sweep.json"), false, () => send({ type: "openSweep" })),
  ),
);
const sweep = element(
  "section",
  { "class": "sweep", "aria-label": t("Sweep") },
  element("div", { class: "field" }, choose),
  name,
  progress,
  state,
  current,
  trouble,
  element("div", { class: "actions" }, start, pause, stop, results),
  axes,
  heatMap.element,
  runs,
  more,
);
const announcer = element("div", { "class": "for-screen-readers", "aria-live": "polite" });
document.body.append(
  element("main", {}, element("h1", { class: "for-screen-readers" }, t("Sweeps")), form.element, empty, sweep),
  announcer,
);

addEventListener("message", ({ data }: MessageEvent<ToSweepsPage>) => {
  switch (data.type) {
    case "sweeps":
      if (data.shown !== shown) chosen = listed = undefined;
      ({ sweeps, shown } = data);
      break;
    case "map":
      map = data;
      if (chosen && isOf(data.map, chosen)) chosen = undefined;
      break;
    case "runs":
      listed = data;
      break;
    case "form":
      form.open(data.form);
      break;
    case "check":
      form.tell(data.check);
      return;
    case "begun":
      form.close();
  }
  draw();
});
send({ type: "ready" });

const isOf = (map: HeatChoice, { across, down, figure }: HeatChoice): boolean =>
  map.across === across && map.down === down && map.figure === figure;

function pick(change: Partial<HeatChoice>): void {
  if (!map) return;
  // Two picks may come before the host has answered the first.
  const before = chosen ?? map.map;
  const { across, down, figure } = { ...before, ...change };
  // An axis cannot be both: the other one gives way.
  const twice = across !== undefined && across === down;
  chosen = {
    across: twice && "down" in change ? before.down : across,
    down: twice && "across" in change ? before.across : down,
    figure,
  };
  listed = undefined;
  send({ type: "choose", choice: chosen });
}

function list(label: string, onChange: (value: string) => void) {
  const select = element("select");
  select.addEventListener("change", () => onChange(select.value));
  return {
    element: element("label", { class: "field" }, element("span", {}, label), select),
    update: updaterOf(select),
  };
}

/** Writes options into a list, only when they have changed. */
function updaterOf(select: HTMLSelectElement) {
  let written = "";
  return (options: readonly Option[], chosen: string): void => {
    const now = JSON.stringify(options);
    if (now !== written)
      select.replaceChildren(...options.map(({ value, label }) => element("option", { value }, label)));
    written = now;
    select.value = chosen;
  };
}

function draw(): void {
  const info = sweeps.find(({ id }) => id === shown);
  empty.hidden = form.isOpen || info !== undefined;
  sweep.hidden = form.isOpen || info === undefined;
  if (info) drawSweep(info);
}

function drawSweep(info: SweepInfo): void {
  drawChoice(info);
  const actions = actionsOf(info);
  setText(state, stateText(info));
  state.dataset["kind"] = info.phase.kind;
  setText(current, info.current ? `${info.current.axes} · ${Math.floor(100 * info.current.share)} %` : "");
  current.hidden = !info.current;
  setText(trouble, info.phase.kind === "failed" ? info.phase.message : "");
  trouble.hidden = info.phase.kind !== "failed";
  const share = info.runs === 0 ? 0 : (info.finished + (info.current?.share ?? 0)) / info.runs;
  bar.style.setProperty("inline-size", `${100 * share}%`);
  progress.setAttribute("aria-valuenow", String(Math.floor(100 * share)));
  start.hidden = actions.start === undefined;
  setText(start, { start: t("Start"), resume: t("Resume"), again: t("Retry Failed") }[actions.start ?? "start"]);
  pause.hidden = !actions.pause;
  stop.hidden = !actions.stop;
  results.hidden = info.finished === 0;
  forget.hidden = !actions.forget;
  setText(announcer, info.phase.kind === "running" ? "" : `${info.name}: ${stateText(info)}`);
  drawMap();
  drawRuns();
}

function drawChoice(info: SweepInfo): void {
  updateChoice(
    sweeps.map(({ id, name }) => ({ value: id, label: name })),
    info.id,
  );
  choose.hidden = sweeps.length < 2;
  name.hidden = !choose.hidden;
  setText(name, info.name);
}

function drawMap(): void {
  const known = map !== undefined && map.id === shown;
  axes.hidden = !known || map!.axes.length === 0;
  heatMap.element.hidden = !known || map!.map.cells.length === 0;
  if (!map || !known) return;
  const fields = map.axes.map(({ field }) => ({ value: field, label: field }));
  across.update(fields, map.map.across ?? "");
  down.update([{ value: "", label: t("(none)") }, ...fields], map.map.down ?? "");
  figure.update(
    map.figures.map(({ name, label }) => ({ value: name, label })),
    map.map.figure,
  );
  swap.hidden = fields.length < 2 || map.map.down === undefined;
  const { label, unit } = map.figures.find(({ name }) => name === map!.map.figure)!;
  heatMap.update({ map: map.map, label, unit });
}

let drawnRuns: typeof listed;
function drawRuns(): void {
  const known = listed !== undefined && listed.id === shown;
  runs.hidden = !known;
  if (!known || !listed || listed === drawnRuns) return;
  drawnRuns = listed;
  const { id } = listed;
  const { across, down } = map?.map ?? {};
  const where = [...(down ? [`${down} ${listed.row}`] : []), ...(across ? [`${across} ${listed.column}`] : [])];
  setText(runsTitle, where.join(", "));
  runsList.replaceChildren(
    ...listed.runs.map((run) => {
      const open = element(
        "button",
        { class: "run" },
        element("span", {}, run.axes),
        element("span", { class: "note" }, runText(run)),
      );
      open.addEventListener("click", () => send({ type: "openRun", id, name: run.name }));
      return element("li", {}, open);
    }),
  );
}

function runText({ status, exact, restarts, outputDistance, message }: CellInfo): string {
  switch (status) {
    case "open":
      return t("to do");
    case "running":
      return t("running");
    case "failed":
      return t("failed: {0}", message ?? "");
    case "completed": {
      const distance =
        outputDistance === undefined ? "" : `, ${t("output distance {0}", formatNumber(outputDistance))}`;
      return `${t("{0} of {1} exact", exact ?? 0, restarts ?? 0)}${distance}`;
    }
  }
}
