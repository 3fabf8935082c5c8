// `inversion-lab invert TEXT` and the walks: runs a method in the engine process and shows it.

import { addAbortSignal } from "node:stream";
import { buffer } from "node:stream/consumers";
import { LabError, messageOf, throwIfCancelled } from "../common/errors.ts";
import type { StatesFile } from "../checkpoints/states-file.ts";
import type { StartEvent } from "../experiments/events.ts";
import { methodOf } from "../experiments/methods/table.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import type { RunRecord } from "../records/record.ts";
import { EXIT, type CliContext, OutputClosed, tell } from "./io.ts";
import { resolvePaths } from "../experiments/field-paths.ts";
import { flagOf, requestOf } from "../experiments/spec-flags.ts";
import { openView } from "./open-view.ts";
import { unsettled } from "./run-summary.ts";
import type { RunView } from "./run-views.ts";
import { LARGEST_TEXT, readPlainText } from "../common/plain-file.ts";

export interface RunFlags extends Readonly<Record<string, unknown>> {
  readonly preset?: string;
  readonly vocabularyFile?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly cache?: string;
}

/** Resolves to the exit code. Throws LabErrors, and OutputClosed. */
export async function runMethod(
  method: string,
  text: string | undefined,
  flags: RunFlags,
  context: CliContext,
): Promise<number> {
  let view: RunView | undefined;
  let started: StartEvent | undefined;
  const log = (line: string) => (view ? view.log(line) : tell(context, line));
  const engine = context.createEngine(flags.cache ?? context.cacheFolder, log);
  try {
    // The engine loads while the request is read and checked.
    engine.start();
    const { parseSpec } = await import("../experiments/spec.ts");
    const { recordRun } = await import("../records/record-run.ts");
    const prompt = await promptOf(text, context);
    if (prompt === undefined && flags["states"] === undefined) {
      throw new LabError("badInput", "There is no text: give TEXT, or --states FILE.");
    }
    const vocabulary = await readVocabulary(flags);
    const given = requestOf(
      method,
      prompt,
      { ...flags, vocabulary },
      presetOf(flags.preset, methodOf(method).presets ?? {}),
    );
    const asked = resolvePaths(given, process.cwd());
    const { request, states } = flags["states"] === undefined ? { request: asked } : await withStates(asked);
    const spec = parseSpec(request, flagOf);
    const record = flags.out === undefined ? undefined : await createRecord(flags.out, spec);

    const shown = (view = await openView(spec, flags.json === true, context));
    // A run whose output nobody reads any more is stopped as by a signal, and its record comes to its end.
    const unread = new AbortController();
    const { end, error, unrecorded } = await recordRun(spec, {
      run: engine.run.bind(engine),
      record,
      signal: AbortSignal.any([context.signal, unread.signal]),
      onProgress: (progress) => shown.progress(progress),
      async onEvent(event) {
        if (event.type === "start") {
          started = event;
          if (states) warnOfFingerprint(states, event, log);
        }
        if (unread.signal.aborted) return;
        await shown.show(event).catch((error: unknown) => {
          if (!(error instanceof OutputClosed)) throw error;
          unread.abort(error);
        });
      },
    });
    // The run's own error is the one to tell.
    if (error) throw error;
    if (unrecorded) {
      const over =
        end?.status === "cancelled" ? "was stopped, and its record is not whole" : "is complete, but its record is not";
      tell(context, `The run ${over}. ${unrecorded.message}`);
      return EXIT.failed;
    }
    unread.signal.throwIfAborted();
    if (end?.status === "cancelled") return EXIT.cancelled;
    if (!states || end?.best.certainty?.[0] !== "unknown") return EXIT.done;
    tell(context, `${unsettled(end.best, started!)} Are the states of this checkpoint, depth and output?`);
    return EXIT.failed;
  } finally {
    view?.close();
    await engine.dispose();
  }
}

/** The text, or what `-` stands for: standard input. */
export const promptOf = async <Text extends string | undefined>(text: Text, context: CliContext) =>
  text === "-" ? readPrompt(context) : text;

async function withStates(asked: Readonly<Record<string, unknown>>) {
  const { requestFromStates } = await import("../engine/given-states.ts");
  const { loadTokenizer } = await import("../text/tokenizer.ts");
  return requestFromStates(asked, loadTokenizer, flagOf);
}

function warnOfFingerprint(
  { file, origin }: StatesFile,
  { checkpoint }: StartEvent,
  log: (line: string) => void,
): void {
  const { fingerprint } = origin;
  if (fingerprint === undefined || fingerprint === checkpoint.fingerprint) return;
  log(`${file} says that its states are of other weights than ${checkpoint.source} has: their fingerprints differ.`);
}

/** All of stdin; the newline that `echo` puts at the end is not part of the text. */
async function readPrompt({ stdin, signal }: CliContext): Promise<string> {
  const bytes = await buffer(addAbortSignal(signal, stdin)).catch((error: unknown) => {
    throwIfCancelled(signal);
    throw new LabError("badInput", `Standard input cannot be read: ${messageOf(error)}.`, { cause: error });
  });
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch {
    throw new LabError("badInput", "The text on standard input is not UTF-8.");
  }
}

/** The text whose tokens may be decoded, from one of two flags. */
async function readVocabulary({ vocabulary, vocabularyFile }: RunFlags): Promise<unknown> {
  if (vocabularyFile === undefined) return vocabulary;
  if (vocabulary !== undefined) {
    throw new LabError("badInput", "--vocabulary and --vocabulary-file exclude each other.");
  }
  return readPlainText(vocabularyFile, LARGEST_TEXT).catch((error: unknown) => {
    throw new LabError("badInput", `--vocabulary-file: ${messageOf(error)}.`, { cause: error });
  });
}

function presetOf<Preset>(name: string | undefined, presets: Readonly<Record<string, Preset>>): Preset | undefined {
  if (name === undefined) return undefined;
  if (Object.hasOwn(presets, name)) return presets[name];
  const names = Object.keys(presets).join(" or ");
  throw new LabError("badInput", `--preset is ${JSON.stringify(name)}: it takes ${names}.`);
}

/** A folder that cannot take the record is found out before the run, and is then the request's fault. */
async function createRecord(folder: string, spec: ExperimentSpec): Promise<RunRecord> {
  const { RunRecord } = await import("../records/record.ts");
  try {
    return await RunRecord.createIn(folder, spec);
  } catch (error) {
    throw new LabError("badInput", `--out: ${messageOf(error)}`, { cause: error });
  }
}
