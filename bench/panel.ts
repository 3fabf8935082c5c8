// `npm run bench -- panel`: what the extension costs the person who looks on. Drives the real VS Code in the Chromium of
// the tests, which draws in software on the same cores that everything else runs on: with a graphics card, pages are
// drawn faster. Frames are counted by the page itself; the extension host is watched from inside by a probe that Node
// loads into it, which also times the activation. With --quick, a tenth of the iterations.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Frame } from "playwright-core";
import { EngineClient } from "../src/engine/client.ts";
import { median } from "../src/common/statistics.ts";
import { parseSpec } from "../src/experiments/spec.ts";
import { Panel } from "../test/vscode/panel.ts";
import { until } from "../test/vscode/until.ts";
import { shown, Workbench } from "../test/vscode/workbench.ts";
import { QUICK } from "./loops.ts";
import { milliseconds, printTable, type Row } from "./table.ts";

const STEPS = QUICK ? 1_000 : 10_000;
/** Shown iterations that are to be streamed, a second. */
const PACE = 200;
/** A network that is faster than anybody can look. */
const FAST = {
  prompt: "The sky is blue.",
  checkpoint: "random:gpt2?n_embd=16&n_head=1&n_layer=1",
  device: "cpu",
} as const;
const RESULTS = path.join(import.meta.dirname, "results");

const folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-bench-panel-"));
const report = path.join(folder, "extension-host.jsonl");
const probe = path.join(folder, "probe.cjs");

/** Runs in the extension host: tells how late its timers are, and how long the extension takes to load and to activate. */
await writeFile(
  probe,
  `if (process.argv.some((argument) => argument.includes("extensionHost"))) {
  const { appendFile } = require("node:fs");
  const Module = require("node:module");
  const tell = (what) => appendFile(${JSON.stringify(report)}, JSON.stringify({ at: Date.now(), ...what }) + "\\n", () => {});
  const usedMs = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e3;
  };
  const PERIOD_MS = 5;
  let [tick, used, longestMs, longestBusyMs] = [performance.now(), usedMs(), 0, 0];
  setInterval(() => {
    const [now, nowUsed] = [performance.now(), usedMs()];
    const late = Math.max(0, now - tick - PERIOD_MS);
    longestMs = Math.max(longestMs, late);
    longestBusyMs = Math.max(longestBusyMs, Math.min(late, nowUsed - used));
    [tick, used] = [now, nowUsed];
  }, PERIOD_MS).unref();
  setInterval(() => {
    tell({ longestMs, longestBusyMs });
    [longestMs, longestBusyMs] = [0, 0];
  }, 100).unref();
  const load = Module._load;
  Module._load = function (request, ...rest) {
    if (!/dist[\\\\/]extension\\.cjs$/.test(request)) return load.call(this, request, ...rest);
    const [began, before] = [performance.now(), usedMs()];
    const extension = load.call(this, request, ...rest);
    const [loadMs, loadUsedMs] = [performance.now() - began, usedMs() - before];
    const activate = (...parameters) => {
      const [began, before] = [performance.now(), usedMs()];
      const result = extension.activate(...parameters);
      tell({
        activationMs: loadMs + performance.now() - began,
        activationUsedMs: loadUsedMs + usedMs() - before,
      });
      return result;
    };
    return { ...extension, activate };
  };
}
`,
);

/** How often the fast network is to be shown so that its iterations come at the pace, by a run that nobody looks at. */
async function everyAtPace(): Promise<number> {
  const engine = new EngineClient({
    modulePath: path.join(import.meta.dirname, "../dist/engine.cjs"),
    cacheFolder: path.join(import.meta.dirname, "../.cache/lab"),
  });
  const [iterations, every] = [8000, 8];
  let elapsedMs = Number.NaN;
  for await (const event of engine.run(parseSpec({ ...FAST, iterations, every }))) {
    if (event.type === "end") ({ elapsedMs } = event);
  }
  await engine.dispose();
  return Math.max(1, Math.round(iterations / (elapsedMs / 1000) / PACE));
}

interface Told {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** How late a timer was at most, and how much of that the process itself was at work. */
  readonly longestMs?: number;
  readonly longestBusyMs?: number;
  readonly activationMs?: number;
  readonly activationUsedMs?: number;
}

async function told(): Promise<Told[]> {
  const lines = (await readFile(report, "utf8").catch(() => "")).trim().split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Told);
}

/** The longest that a timer of the extension host was late while something went on. */
async function delayWhile(what: string, work: () => Promise<void>): Promise<Row> {
  const began = Date.now();
  await work();
  const ended = Date.now();
  await sleep(300); // What happened last is still to be told.
  const within = (await told()).filter(({ at }) => at >= began && at <= ended + 200);
  const longest = (of: "longestMs" | "longestBusyMs") =>
    within.reduce((most, each) => Math.max(most, each[of] ?? 0), 0);
  const [ms, busyMs] = [longest("longestMs"), longest("longestBusyMs")];
  return {
    work: `the extension host ${what}: the longest that it answered nothing (of that its own processor time)`,
    measured: `${milliseconds(ms)} (${milliseconds(busyMs)})`,
    bar: "≤ 50 ms",
    values: { ms, busyMs },
  };
}

interface Frames {
  readonly perSecond: number;
  readonly longestMs: number;
  /** Processor time of the thread that draws VS Code and its pages, a second. */
  readonly usedMs: number;
}

/** Frames of a page while something goes on. */
async function framesWhile(page: Frame, work: () => Promise<void>): Promise<Frames> {
  const devtools = await page.page().context().newCDPSession(page.page());
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const taskSeconds = async (): Promise<number> => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")!.value;
  };
  const before = await taskSeconds();
  await page.evaluate(`{
    const frames = (window.benchFrames = []);
    const next = (time) => window.benchFrames === frames && (frames.push(time), requestAnimationFrame(next));
    requestAnimationFrame(next);
  }`);
  await work();
  const times = await page.evaluate<number[]>(
    "(() => { const frames = benchFrames; benchFrames = []; return frames; })()",
  );
  const seconds = (times.at(-1)! - times[0]) / 1000;
  const usedMs = (1000 * ((await taskSeconds()) - before)) / seconds;
  await devtools.detach();
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  return { perSecond: gaps.length / seconds, longestMs: Math.max(...gaps), usedMs };
}

const frameRow = (work: string, { perSecond, longestMs, usedMs }: Frames): Row => ({
  work,
  measured:
    `${perSecond.toFixed(1)} frames a second, the longest ${milliseconds(longestMs)}; ` +
    `${usedMs.toFixed(0)} ms of the page’s thread a second`,
  bar: "≥ 50 a second",
  values: { perSecond, longestMs, usedMs },
});

/**
 * Resolves when the panel has drawn its first row, to milliseconds since 1970: when VS Code asked for the first file of the
 * page, and when the row was there.
 */
const FIRST_ROW = `new Promise((resolve) => {
  const look = () => {
    if (!document.querySelector(".timeline .row")) return requestAnimationFrame(look);
    const asked = Math.min(...performance.getEntriesByType("resource").map(({ startTime }) => startTime));
    resolve([performance.timeOrigin + asked, performance.timeOrigin + performance.now()]);
  };
  look();
})`;

const rows: Row[] = [];
const every = await everyAtPace();
const workbench = await Workbench.open({
  files: { "fast.inversion.json": JSON.stringify({ ...FAST, every, iterations: STEPS * every }) },
  env: { NODE_OPTIONS: `--require=${probe}` },
});
const panel = new Panel(workbench);
try {
  // Once for the engine and the weights, which are then warm.
  await workbench.selectLine(1);
  await workbench.pickFromContextMenu("Invert Selection");
  await panel.waitForState("Done", 60_000);
  const [activation] = (await told()).filter(({ activationMs }) => activationMs !== undefined);
  rows.push({
    work: "activation: loading the extension and activating it (processor time)",
    measured: `${milliseconds(activation.activationMs!)} (${milliseconds(activation.activationUsedMs!)})`,
    bar: "≤ 50 ms",
    values: { ms: activation.activationMs!, usedMs: activation.activationUsedMs! },
  });

  const openings: (readonly [whole: number, ours: number])[] = [];
  for (let i = 0; i < (QUICK ? 1 : 5); i++) {
    await workbench.runCommand("View: Close Editors in Other Groups");
    await workbench.selectLine(1);
    await workbench.page.keyboard.press("Control+K");
    const asked = Date.now();
    await workbench.page.keyboard.press("Shift+I");
    let drawn: [number, number] | undefined;
    // VS Code may put the page into another frame meanwhile.
    while (drawn === undefined) {
      drawn = await (await panel.page()).evaluate<[number, number]>(FIRST_ROW).catch(() => undefined);
    }
    openings.push([drawn[1] - asked, drawn[1] - drawn[0]]);
    await panel.waitForState("Done", 60_000);
  }
  const [opening, ours] = ([0, 1] as const).map((part) => median(openings.map((each) => each[part])));
  rows.push({
    work:
      "from the key to the first drawn iteration, the panel opened for it, 1 block of gpt2, warm (of that since VS Code " +
      "asked for the panel’s page: before, Chromium holds its frame back for a second)",
    measured: `${milliseconds(opening)} (${milliseconds(ours)}; medians of ${openings.length})`,
    bar: "≤ 1 s",
    values: { ms: opening, oursMs: ours },
  });

  await workbench.openFile("fast.inversion.json");
  await workbench.runCommand("Inversion Lab: Run Experiment File");
  await panel.waitForState("Running");
  await panel.waitForRows(2);
  const page = await panel.page();
  const count = () => page.evaluate<number>("Number(document.querySelector('.scrubber').max) + 1");
  const before = await count();
  const began = performance.now();
  let streaming: Frames;
  const streamingDelay = await delayWhile("meanwhile", async () => {
    streaming = await framesWhile(page, () => sleep(QUICK ? 2_000 : 15_000));
  });
  const perSecond = ((await count()) - before) / ((performance.now() - began) / 1000);
  rows.push(frameRow(`a run that shows ${perSecond.toFixed(0)} iterations a second`, streaming!), streamingDelay);
  await panel.waitForState("Done", 120_000);

  const list = page.locator(".timeline .scroller");
  const box = (await list.boundingBox())!;
  const wheel = async (): Promise<void> => {
    await workbench.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    for (let turn = 0; turn < 100; turn++) {
      await workbench.page.mouse.wheel(0, turn < 50 ? -400 : 400);
      await sleep(16);
    }
  };
  rows.push(
    frameRow(
      `scrolling through ${(await count()).toLocaleString("en")} iterations with the wheel`,
      await framesWhile(page, wheel),
    ),
  );

  const slider = page.locator(".scrubber");
  await shown(slider, "the slider");
  const place = (await slider.boundingBox())!;
  const drag = async (): Promise<void> => {
    const y = place.y + place.height / 2;
    await workbench.page.mouse.move(place.x + 4, y);
    await workbench.page.mouse.down();
    for (let step = 0; step <= 100; step++) {
      const share = step <= 50 ? step / 50 : 2 - step / 50;
      await workbench.page.mouse.move(place.x + 4 + share * (place.width - 8), y);
      await sleep(16);
    }
    await workbench.page.mouse.up();
  };
  rows.push(frameRow("dragging the slider over them", await framesWhile(page, drag)));

  await workbench.runCommand("View: Close Editors in Other Groups");
  rows.push(
    await delayWhile("while it reads them back from the disk and hands them to a new panel", async () => {
      await workbench.runCommand("Inversion Lab: Show Last Run");
      const again = await panel.page();
      await until(
        "all iterations are there",
        async () => {
          const most = await again.evaluate<number>("Number(document.querySelector('.scrubber')?.max)").catch(() => 0);
          return most === STEPS;
        },
        60_000,
      );
    }),
  );

  const name = `panel-${os.platform()}-${os.arch()}-${os.cpus().length}-cores`;
  const condition =
    "the panel in VS Code's own server and Chromium, drawn in software; where others were at work, the times are upper bounds";
  printTable(condition, rows, QUICK ? undefined : path.join(RESULTS, name));
} finally {
  await workbench.close();
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
