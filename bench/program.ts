// What the program as it is shipped costs: from a request to its first iteration, and the size of each package.

import { spawnSync } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { BINARIES, packageExtension } from "../scripts/package.js";
import { EngineClient } from "../src/engine/client.ts";
import { parseSpec } from "../src/experiments/spec.ts";
import { milliseconds, type Row } from "./table.ts";

const DIST = path.join(import.meta.dirname, "../dist");

/** Milliseconds to the first step event of a run with the defaults: in a new engine process, and in one that has run it. */
export async function firstIterationRows(cacheFolder: string): Promise<Row[]> {
  const engine = new EngineClient({ modulePath: path.join(DIST, "engine.cjs"), cacheFolder });
  const first = async (): Promise<number> => {
    const began = performance.now();
    const spec = parseSpec({ prompt: "The sky is blue.", iterations: 1, device: "cpu" });
    let at = Number.NaN;
    for await (const { type } of engine.run(spec)) {
      if (type === "step" && Number.isNaN(at)) at = performance.now() - began;
    }
    return at;
  };
  const [cold, warm] = [await first(), await first()];
  await engine.dispose();
  const row = (what: string, ms: number): Row => ({
    work: `to the first iteration, 1 block, ${what}`,
    measured: milliseconds(ms),
    bar: "≤ 1 s with the panel",
    values: { cpu: ms },
  });
  return [row("engine process started for it", cold), row("engine warm", warm)];
}

/** What scripts/run.js takes beside the program that it runs, when all is ready: the best of five each, told apart. */
export function readyRow(): Row {
  const best = (...parameters: string[]): number =>
    Math.min(
      ...Array.from({ length: 5 }, () => {
        const began = performance.now();
        spawnSync(process.execPath, [...parameters, "--version"], { cwd: path.join(DIST, "..") });
        return performance.now() - began;
      }),
    );
  const ms = best("scripts/run.js", "cli") - best("dist/cli.cjs");
  return {
    work: "making sure that all is built, when it is",
    measured: milliseconds(ms),
    bar: "≤ 100 ms",
    values: { ms },
  };
}

export async function packageRows(): Promise<Row[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-packages-"));
  const rows: Row[] = [];
  for (const target of Object.keys(BINARIES)) {
    const file = path.join(folder, `${target}.vsix`);
    await packageExtension(target, file);
    const { size } = await stat(file);
    rows.push({
      work: `VSIX for ${target}`,
      measured: `${(size / 1e6).toFixed(1)} MB`,
      bar: "",
      values: { bytes: size },
    });
  }
  await rm(folder, { recursive: true });
  return rows;
}
