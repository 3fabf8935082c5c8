// `inversion-lab reproduce`: runs the source's claims, or those of their runs that are not there yet, and writes the table of
// what came of them.

import os from "node:os";
import path from "node:path";
import { jsonLine } from "../common/json-lines.ts";
import type { Finding, TrainedCheckpoint } from "../reproduction/claim.ts";
import { EXIT, print, type CliContext, tell } from "./io.ts";
import { openProgressLine, type ProgressLine } from "./progress-line.ts";
import { counted } from "../common/counts.ts";
import { duration } from "../common/number-format.ts";
import { visible } from "../common/visible.ts";

export interface ReproduceFlags {
  readonly quick?: boolean;
  readonly checkpoint?: readonly string[];
  readonly claims?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly cache?: string;
}

const OUT = "reproduction";

/** Resolves to the exit code. Throws LabErrors. */
export async function reproduceClaims(flags: ReproduceFlags, version: string, context: CliContext): Promise<number> {
  const { claimsNamed, reproduce } = await import("../reproduction/run-claims.ts");
  const claims = claimsNamed(flags.claims?.split(/[\s,]+/).filter(Boolean) ?? []);
  const folder = path.resolve(flags.out ?? OUT);
  const { signal } = context;
  const now = () => context.now();
  const progress = flags.json ? undefined : await openProgressLine(context);
  const engine = context.createEngine(flags.cache ?? context.cacheFolder, (line) => {
    progress?.clear();
    tell(context, line);
  });
  const began = now();
  const head = {
    command: commandOf(flags),
    createdAt: new Date().toISOString(),
    version,
    machine: `${os.cpus()[0]?.model.trim() ?? process.arch}, ${counted(os.cpus().length, "core")}`,
  };
  try {
    const scope = { quick: flags.quick === true, trained: await trainedCheckpoints(flags, context, progress) };
    await reproduce(claims, scope, {
      folder,
      head,
      run: engine.run.bind(engine),
      signal,
      onProgress: progress?.show,
      onFinding: (finding) => {
        progress?.clear();
        return print(context, flags.json ? jsonLine({ type: "claim", ...finding }) : linesOf(finding));
      },
      now,
    });
    progress?.close();
    if (!flags.json) {
      await print(
        context,
        visible(`${folder}: index.html, table.md, findings.json; ${duration(now() - began)}`) + "\n",
      );
    }
    if (!signal.aborted) return EXIT.done;
    tell(context, "Stopped: the same command goes on with what is left.");
    return EXIT.cancelled;
  } finally {
    progress?.close();
    await engine.dispose();
  }
}

/** What the claims need to know of the checkpoints that were asked for. Throws LabErrors. */
async function trainedCheckpoints(
  { checkpoint: sources = [], cache }: ReproduceFlags,
  { cacheFolder, workerPath, modelsFolder, hub, signal }: CliContext,
  progress: ProgressLine | undefined,
): Promise<readonly TrainedCheckpoint[]> {
  const { openCheckpoint } = await import("../checkpoints/open.ts");
  const { twinOf } = await import("../reproduction/twins.ts");
  const onProgress = progress?.show;
  const options = { cacheFolder: cache ?? cacheFolder, initSeed: 0, workerPath, modelsFolder, hub, signal, onProgress };
  const trained: TrainedCheckpoint[] = [];
  for (const source of sources) {
    const twin = twinOf(source);
    const { config } = await openCheckpoint(source, { blocks: 0 }, options);
    trained.push({ source, twin, blocks: config.blocks });
  }
  return trained;
}

function linesOf({ id, statement, verdict }: Finding): string {
  const lines =
    verdict.kind === "notRun"
      ? [`${id}  not run: ${verdict.reason}`]
      : [
          `${id}  ${verdict.holds ? "holds" : "does not hold"}: ${statement}`,
          ...verdict.measurements.map(({ condition, value }) => `      ${condition}: ${value}`),
        ];
  return lines.map((line) => `${visible(line)}\n`).join("");
}

function commandOf({ quick, checkpoint = [], claims }: ReproduceFlags): string {
  return [
    "inversion-lab reproduce",
    ...(quick ? ["--quick"] : []),
    ...checkpoint.map((source) => `--checkpoint ${source}`),
    ...(claims ? [`--claims ${claims}`] : []),
  ].join(" ");
}
