// `inversion-lab doctor`: what this machine's devices do, and what a checkpoint really computes, as figures that can be
// checked against other programs'. Each section is a list of lines for people and of objects for programs.

import path from "node:path";
import { formatBytes } from "../common/bytes.ts";
import { LabError } from "../common/errors.ts";
import { defaultMethod } from "../experiments/methods/table.ts";
import { jsonLine } from "../common/json-lines.ts";
import type { ParityReport } from "../engine/parity.ts";
import { print, tell, type CliContext } from "./io.ts";
import { openProgressLine, type ProgressLine } from "./progress-line.ts";
import { counted } from "../common/counts.ts";
import { flagOf, requestOf } from "../experiments/spec-flags.ts";
import { decimal } from "./spec-options.ts";
import { visible } from "../common/visible.ts";

export interface DoctorFlags extends Readonly<Record<string, unknown>> {
  readonly checkpoint?: string;
  readonly initSeed?: number;
  /** As typed. */
  readonly blocks?: string;
  /** "fetch", or a folder that has ONNX Runtime's CUDA libraries. */
  readonly cuda?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly cache?: string;
}

/** Makes one section's findings: objects for `--json`, each with the lines that say the same to a person. */
type Section = (
  flags: DoctorFlags,
  context: CliContext,
  progress: ProgressLine | undefined,
) => AsyncIterable<{ readonly finding: object; readonly lines: readonly string[] }>;

/** Throws LabErrors. */
export async function doctor(flags: DoctorFlags, context: CliContext): Promise<void> {
  const progress = flags.json ? undefined : await openProgressLine(context);
  try {
    for (const section of SECTIONS) {
      for await (const { finding, lines } of section(flags, context, progress)) {
        progress?.close();
        const text = flags.json ? jsonLine(finding) : lines.map((line) => `${visible(line)}\n`).join("");
        await print(context, text);
      }
    }
  } finally {
    progress?.close();
  }
}

/** What the devices of this machine do; the whole section where no checkpoint is named. */
const devicesSection: Section = async function* (flags, context, progress) {
  if (flags.checkpoint !== undefined) return;
  const { trialProgram, signal } = context;
  const cacheFolder = flags.cache ?? context.cacheFolder;
  if (flags.cuda !== undefined) {
    await provideCuda(flags.cuda, flags.yes === true, cacheFolder, context, progress);
  }
  const { surveyDevices } = await import("../runtime/devices/device-choice.ts");
  const { describeDevices, machineReport } = await import("../runtime/devices/device-report.ts");
  const onTrial = (label: string) => progress?.show({ stage: `Trying ${label}` });
  const survey = await surveyDevices({ cacheFolder, trialProgram, onTrial, signal });
  yield { finding: { type: "devices", machine: machineReport(), ...survey }, lines: describeDevices(survey) };
};

/** Puts ONNX Runtime's CUDA libraries in place: from a folder, or with consent from NuGet. Throws LabErrors. */
async function provideCuda(
  source: string,
  consented: boolean,
  cacheFolder: string,
  context: CliContext,
  progress: ProgressLine | undefined,
): Promise<void> {
  const cuda = await import("../runtime/devices/cuda-libraries.ts");
  const { trialProgram, signal } = context;
  cuda.checkCudaPlatform(process);
  const runtimeFolder = cuda.runtimeFolder(trialProgram, process);
  const options = { cacheFolder, runtimeFolder, signal, onProgress: progress?.show };
  if (source !== "fetch") return cuda.takeCudaLibraries(path.resolve(source), options);
  progress?.show({ stage: "Asking NuGet" });
  const found = await cuda.findCudaPackage(options);
  progress?.close();
  const what = `ONNX Runtime ${found.version}'s CUDA libraries, ${formatBytes(found.bytes)} from ${found.url}`;
  if (!consented && !(await agree(`${what}. Download them?`, context))) {
    throw new LabError("cancelled", "Nothing was downloaded.");
  }
  await cuda.fetchCudaLibraries(found, options);
}

/** Asks in a terminal; elsewhere there is nobody to ask. Throws a LabError (badInput). */
async function agree(question: string, { stdin, stderr, signal }: CliContext): Promise<boolean> {
  if (!("isTTY" in stdin && stdin.isTTY) || !stderr.isTTY) {
    throw new LabError("badInput", `${question} There is no terminal to ask in: repeat the command with --yes.`);
  }
  const { createInterface } = await import("node:readline/promises");
  const asking = createInterface({ input: stdin, output: stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(`${visible(question)} [y/N] `, { signal })).trim());
  } catch {
    return false;
  } finally {
    asking.close();
  }
}

/** What a checkpoint computes for a fixed prompt; test/reference/doctor.py does the same in PyTorch. */
const checkpointSection: Section = async function* (flags, context, progress) {
  if (flags.checkpoint === undefined) return;
  const { parseSpec } = await import("../experiments/spec.ts");
  const asked = flags.blocks === undefined ? undefined : blocksOf(flags.blocks);
  const { checkpoint, initSeed } = parseSpec(
    requestOf(defaultMethod().name, "any", { ...flags, blocks: asked }),
    flagOf,
  );
  const { parityReport, PARITY_PROMPT } = await import("../engine/parity.ts");
  const report = await parityReport(checkpoint, asked, { ...openOptions(flags, context, progress), initSeed });
  yield { finding: { type: "checkpoint", prompt: PARITY_PROMPT, ...report }, lines: describe(report, PARITY_PROMPT) };
};

/** How much of its own vocabulary each decoder gives back. */
const retrievalSection: Section = async function* (flags, context, progress) {
  if (flags.checkpoint === undefined) return;
  const { openCheckpoint } = await import("../checkpoints/open.ts");
  const { embeddingStatistics } = await import("../text/embedding-statistics.ts");
  const { selfRetrieval } = await import("../text/self-retrieval.ts");
  const options = openOptions(flags, context, progress);
  const checkpoint = await openCheckpoint(flags.checkpoint, { blocks: 0 }, options);
  const found = await selfRetrieval(checkpoint, await embeddingStatistics(checkpoint, options), options);
  const share = (count: number): string => `${((100 * count) / found.rows).toFixed(1).padStart(5)} %`;
  yield {
    finding: { type: "selfRetrieval", ...found },
    lines: [
      "",
      `tokens given back from their own embedding, ${found.rows} of ${found.vocabulary}`,
      ...Object.entries(found.retrieved).map(([decoder, count]) => `${share(count)}  ${decoder}`),
    ],
  };
};

const SECTIONS: readonly Section[] = [devicesSection, checkpointSection, retrievalSection];

function openOptions(flags: DoctorFlags, context: CliContext, progress: ProgressLine | undefined) {
  const { cacheFolder, workerPath, modelsFolder, hub, signal } = context;
  const { initSeed = 0, cache } = flags;
  const warn = (sentence: string) => tell(context, sentence);
  const onProgress = progress?.show;
  return { cacheFolder: cache ?? cacheFolder, initSeed, workerPath, modelsFolder, hub, signal, warn, onProgress };
}

function blocksOf(value: string): number {
  const blocks = decimal("--blocks", value);
  if (Number.isInteger(blocks) && blocks >= 1) return blocks;
  throw new LabError("badInput", `--blocks is ${value}: it takes a whole number from 1 on.`);
}

/** Seven digits: float32 has no more. */
const digits = (value: number): string => value.toPrecision(7).padStart(14);

function describe(report: ParityReport, prompt: string): string[] {
  const { source, revision, fingerprint, blocks, tokenIds, taps, nextTokens } = report;
  return [
    `Checkpoint ${source}${revision ? ` at ${revision}` : ""}, fingerprint ${fingerprint.slice(0, 12)}`,
    `“${prompt}” = tokens ${tokenIds.join(", ")}; ${counted(blocks, "block")}, float32 on the CPU`,
    "",
    `${"tap".padEnd(12)}${"norm".padStart(14)}${"checksum".padStart(14)}`,
    ...taps.map(({ tap, norm, checksum }) => `${tap.padEnd(12)}${digits(norm)}${digits(checksum)}`),
    "",
    "next token",
    ...nextTokens.map(
      ({ id, text, probability }) => `${probability.toFixed(6).padStart(10)}  ${String(id).padStart(6)}  “${text}”`,
    ),
  ];
}
