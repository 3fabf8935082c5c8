// `inversion-lab reproduce`: runs the source's claims and writes the table of what came of them.

import os from "node:os";
import path from "node:path";
import { jsonLine } from "../common/json-lines.ts";
import type { Finding } from "../reproduction/run-claims.ts";
import { EXIT, print, type CliContext, tell } from "./io.ts";
import { openProgressLine } from "./progress-line.ts";
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

/** Where the table goes when nobody says otherwise. */
const OUT = "reproduction";

/** Resolves to the exit code. Throws LabErrors. */
export async function reproduceClaims(flags: ReproduceFlags, version: string, context: CliContext): Promise<number> {
  const { claimsNamed, reproduce } = await import("../reproduction/run-claims.ts");
  const { trainedCheckpoint } = await import("../reproduction/twins.ts");
  const { writeReport } = await import("../reproduction/write-claims.ts");
  const claims = claimsNamed(flags.claims?.split(/[\s,]+/).filter(Boolean) ?? []);
  const scope = { quick: flags.quick === true, trained: (flags.checkpoint ?? []).map(trainedCheckpoint) };
  const folder = path.resolve(flags.out ?? OUT);
  const { signal } = context;
  const now = () => context.now();
  const engine = context.createEngine(flags.cache ?? context.cacheFolder, (line) => tell(context, line));
  const progress = flags.json ? undefined : await openProgressLine(context);
  const began = now();
  const findings: Finding[] = [];
  const head = {
    command: commandOf(flags),
    createdAt: new Date().toISOString(),
    version,
    machine: `${os.cpus()[0]?.model.trim() ?? process.arch}, ${counted(os.cpus().length, "core")}`,
  };
  try {
    // Found out before the first run, which may take an hour.
    await writeReport(folder, findings, head);
    const run = engine.run.bind(engine);
    for await (const finding of reproduce(claims, scope, { run, signal, onProgress: progress?.show, now })) {
      findings.push(finding);
      await writeReport(folder, findings, head);
      progress?.clear();
      await print(context, flags.json ? jsonLine({ type: "claim", ...finding }) : linesOf(finding));
    }
    progress?.close();
    if (!flags.json) {
      await print(
        context,
        visible(`${folder}: index.html, table.md, findings.json; ${duration(now() - began)}`) + "\n",
      );
    }
    return signal.aborted ? EXIT.cancelled : EXIT.done;
  } finally {
    progress?.close();
    await engine.dispose();
  }
}

/** A verdict, and what was measured. */
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
