// The tools of the MCP server (https://modelcontextprotocol.io): what the commands do, for a program that asks. Results are
// short enough for a language model's context; the whole is a resource.

import path from "node:path";
import * as z from "zod";
import { LabError } from "../../common/errors.ts";
import { runsFolder } from "../../common/folders.ts";
import type { Progress } from "../../common/progress.ts";
import type { EngineClient } from "../../engine/client.ts";
import type { EndEvent, StartEvent } from "../../experiments/events.ts";
import type { Method } from "../../experiments/methods/method.ts";
import { defaultMethod, METHODS } from "../../experiments/methods/table.ts";
import { type ExperimentSpec, parseSpec, schemaOf } from "../../experiments/spec.ts";
import { progressShare, progressWords } from "../../describe/run-progress.ts";
import { subjectOf } from "../../describe/spec-subject.ts";
import { RunRecord } from "../../records/record.ts";
import { recordRun } from "../../records/record-run.ts";
import { RunIndex } from "../../records/run-index.ts";
import { readRun, type RunListing } from "../../records/read-record.ts";
import { exportRuns } from "../../reports/run-export.ts";
import type { CliContext } from "../io.ts";
import { summary } from "../run-summary.ts";
import { STATES_FIELDS } from "../states-command.ts";
import type { Access } from "./mcp-access.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** How far a call has come, 0…1 of 1, in words. */
export type OnCallProgress = (share: number, message: string) => void;

interface Call {
  readonly args: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  readonly onProgress: OnCallProgress;
}

export interface ToolResult {
  readonly text: string;
  readonly structured?: Readonly<Record<string, unknown>>;
  /** Names of runs whose records are linked. */
  readonly runs?: readonly string[];
}

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  /** Does it change nothing but the cache? */
  readonly readOnly: boolean;
  /** Throws LabErrors. */
  call(call: Call): Promise<ToolResult>;
}

export interface ToolsContext {
  readonly context: CliContext;
  readonly engine: EngineClient;
  readonly cacheFolder: string;
  readonly access: Access;
}

/** Runs that are listed at a time, at most. */
const MOST_RUNS = 100;
/** Characters of a text that a language model gets. */
const MOST_TEXT = 12_000;

export function toolsOf(options: ToolsContext): Tool[] {
  return [...methodTools(options), ...textTools(options), ...recordTools(options)];
}

/** A tool for each word of the command line that runs methods: invert, exact, walk. */
function methodTools(options: ToolsContext): Tool[] {
  const words = [...new Set(METHODS.map(({ command: [[word]] }) => word))];
  return words.map((word) => {
    const methods = METHODS.filter(({ command: [[first]] }) => first === word);
    return {
      name: word,
      title: methods.map(({ describe }) => describe.title()).join(", "),
      description:
        `${methods[0].command[0][1]}. Waits for the end of the run, records it, and answers with its result. ` +
        "Trained weights at hand: checkpoint mini. Use list_checkpoints for others.",
      inputSchema: requestSchema(methods),
      readOnly: false,
      call: (call) => runMethod(methods, call, options),
    };
  });
}

/** The fields of all the methods; with several, `method` says which, and each takes the fields that it has. */
function requestSchema(methods: readonly Method[]): JsonSchema {
  const names = methods.map(({ name }) => name);
  const properties = Object.assign({}, ...methods.map(({ name }) => schemaOf(name))) as Record<string, JsonSchema>;
  const takesStates = methods.some(({ schema }) => "states" in schema);
  return {
    type: "object",
    properties: {
      ...(names.length > 1 && { method: { type: "string", enum: names, description: "The algorithm." } }),
      ...Object.fromEntries(
        Object.entries(properties).flatMap(([name, field]) =>
          name === "method" ? [] : [[name, without(field, "paths")]],
        ),
      ),
    },
    required: [...(takesStates ? [] : ["prompt"]), ...(names.length > 1 ? ["method"] : [])],
    additionalProperties: false,
  };
}

const without = (schema: JsonSchema, key: string): JsonSchema =>
  Object.fromEntries(Object.entries(schema).filter(([name]) => name !== key));

async function runMethod(
  methods: readonly Method[],
  { args, signal, onProgress }: Call,
  { engine, cacheFolder, access }: ToolsContext,
): Promise<ToolResult> {
  const method = methods.length === 1 ? methods[0].name : args["method"];
  if (!methods.some(({ name }) => name === method)) {
    throw new LabError("badInput", `method must be one of ${methods.map(({ name }) => name).join(", ")}.`);
  }
  const spec = await specOf({ ...args, method }, access);
  const record = await RunRecord.create(runsFolder(cacheFolder), spec);
  let start: StartEvent | undefined;
  const { end, error, unrecorded } = await recordRun(spec, {
    run: engine.run.bind(engine),
    record,
    signal,
    onProgress: (progress) => onProgress(0, stageOf(progress)),
    onEvent(event) {
      if (event.type === "start") start = event;
      if (event.type === "step") onProgress(progressShare(spec, event), progressWords(spec, event));
    },
  });
  if (error) throw error;
  const said = summary(end!, start!).join("\n");
  return {
    text: [said, `run: ${record.id}`, ...(unrecorded ? [`Its record is not whole: ${unrecorded.message}`] : [])].join(
      "\n",
    ),
    structured: { run: record.id, ...resultOf(spec, start!, end!) },
    runs: [record.id],
  };
}

const stageOf = ({ stage, done, total }: Progress): string =>
  done !== undefined && total ? `${stage} (${Math.floor((100 * done) / total)} %)` : stage;

/** The spec of a request; one that names a file of states is filled in by what that says. Throws LabErrors. */
async function specOf(request: Readonly<Record<string, unknown>>, access: Access): Promise<ExperimentSpec> {
  const allowed = await access.request(request);
  if (allowed["states"] === undefined) return parseSpec(allowed);
  const { requestFromStates } = await import("../../engine/given-states.ts");
  const { loadTokenizer } = await import("../../text/tokenizer.ts");
  const { request: filled } = await requestFromStates(allowed, loadTokenizer, (field) => field);
  return parseSpec(await access.request(filled));
}

/** What a run came to, without its steps. */
function resultOf(spec: ExperimentSpec, { target, shiftDistance }: StartEvent, end: EndEvent) {
  const { best, restarts } = end;
  const { text, tokens, exact, outputDistance, inputDistance, ratio, hamming, certainty, utility, depths } = best;
  return {
    status: end.status,
    prompt: target.known === false ? null : target.text,
    ...{ text, tokens, exact, outputDistance, inputDistance, ratio, shiftDistance },
    wrongTokens: hamming.top1,
    restartsExact: restarts.filter((one) => one.exact).length,
    ...{ iterations: end.iterations, seconds: end.elapsedMs / 1000, seed: spec.seed },
    ...(certainty && { certainty }),
    ...(utility && { agreement: utility.agreement, kl: utility.kl }),
    ...(depths && {
      depths: depths.map((depth) => ({ blocks: depth.blocks, exact: depth.exact, certainty: depth.certainty })),
    }),
  };
}

/** Checks arguments by a schema. Throws a LabError (badInput) that names the argument. */
function checked<Schema extends z.ZodType>(schema: Schema, args: unknown): z.output<Schema> {
  const { success, data, error } = schema.safeParse(args);
  if (success) return data;
  const [{ path: place, message }] = error.issues;
  throw new LabError("badInput", place.length > 0 ? `${place.join(".")}: ${message}.` : `${message}.`);
}

function tool<Schema extends z.ZodObject>(
  name: string,
  title: string,
  description: string,
  schema: Schema,
  readOnly: boolean,
  run: (args: z.output<Schema>, call: Call) => Promise<ToolResult>,
): Tool {
  const inputSchema = without(z.toJSONSchema(schema, { io: "input" }), "$schema");
  return { name, title, description, inputSchema, readOnly, call: (call) => run(checked(schema, call.args), call) };
}

function textTools({ context, cacheFolder, access }: ToolsContext): Tool[] {
  const { workerPath, modelsFolder, hub } = context;
  const stateFields = Object.fromEntries(
    STATES_FIELDS.map((field) => [
      field,
      z
        .unknown()
        .optional()
        .meta({ ...schemaOf(defaultMethod().name)[field] }),
    ]),
  );
  return [
    tool(
      "list_checkpoints",
      "List checkpoints",
      "The weights that are on this machine, and those that are made from a seed when they are needed.",
      z.strictObject({}),
      true,
      async () => {
        const { listCheckpoints } = await import("../../checkpoints/open.ts");
        const { SIZE_NAMES } = await import("../../checkpoints/config.ts");
        const known = await listCheckpoints(cacheFolder, hub);
        const structured = {
          bundled: modelsFolder === undefined ? [] : ["mini"],
          random: SIZE_NAMES.map((size) => `random:${size}`),
          here: known.map(({ source, kind, bytes, allBlocks }) => ({ source, kind, bytes, blocks: allBlocks })),
        };
        return { text: JSON.stringify(structured), structured };
      },
    ),
    tool(
      "tokenize",
      "Tokenize",
      "The tokens of a text, ids and texts.",
      z.strictObject({ text: z.string().max(100_000).describe("The text.") }),
      true,
      async ({ text }) => {
        const { loadTokenizer } = await import("../../text/tokenizer.ts");
        const tokenizer = await loadTokenizer();
        const tokenIds = tokenizer.encode(text);
        const structured = { tokenIds, tokens: tokenIds.map((id) => tokenizer.token(id)) };
        return { text: cut(JSON.stringify(structured)), structured };
      },
    ),
    tool(
      "states",
      "Save hidden states",
      "Writes the hidden states of a text after blocks as a .safetensors file, which exact and Python read.",
      z.strictObject({
        prompt: z.string().min(1).describe("The text."),
        blocks: z.array(z.int().min(1).max(1024)).min(1).describe("After how many blocks, one or several."),
        file: z.string().min(1).describe("The new file, in a folder that the server may use."),
        ...stateFields,
      }),
      false,
      async ({ prompt, blocks, file, ...fields }, { signal, onProgress }) => {
        const { writeStates } = await import("../states-command.ts");
        const place = await access.file(file);
        const request = await access.request({ ...fields, prompt, method: defaultMethod().name });
        const spec = parseSpec({ ...request, blocks: Math.max(...blocks) });
        const written = await writeStates(
          spec,
          [...new Set(blocks)].sort((a, b) => a - b),
          place,
          {
            ...{ cacheFolder, workerPath, modelsFolder, hub, signal },
            onProgress: (progress) => onProgress(0, stageOf(progress)),
          },
        );
        const structured = { file: place, tensors: written.tensors.map(({ name, shape }) => ({ name, shape })) };
        return { text: JSON.stringify(structured), structured };
      },
    ),
  ];
}

function recordTools({ cacheFolder }: ToolsContext): Tool[] {
  const folder = runsFolder(cacheFolder);
  const run = z.string().min(1).max(300).describe("The name of a run, as list_runs has it.");
  return [
    tool(
      "list_runs",
      "List runs",
      "Recorded runs, the newest first: name, prompt, checkpoint, blocks, status and result.",
      z.strictObject({
        search: z.string().optional().describe("Only runs whose prompt, checkpoint or method holds this text."),
        limit: z.int().min(1).max(MOST_RUNS).default(20).describe("Runs, at most."),
      }),
      true,
      async ({ search, limit }) => {
        const index = new RunIndex(folder);
        await index.refresh();
        const found = index.list.filter(
          ({ spec }) =>
            search === undefined ||
            [subjectOf(spec), spec.checkpoint, spec.method].some((text) =>
              text.toLowerCase().includes(search.toLowerCase()),
            ),
        );
        const runs = found.slice(0, limit).map(listed);
        return { text: cut(JSON.stringify(runs)), structured: { total: found.length, runs } };
      },
    ),
    tool(
      "get_run",
      "Get a run",
      "One recorded run: what it was asked, what came of it, and its last shown iterations, as Markdown.",
      z.strictObject({ run }),
      true,
      async ({ run }) => ({ text: cut(exportRuns([await recorded(folder, run)], "md")), runs: [run] }),
    ),
    tool(
      "compare_runs",
      "Compare runs",
      "Several recorded runs beside each other, what differs between them first, as Markdown.",
      z.strictObject({ runs: z.array(run).min(2).max(16) }),
      true,
      async ({ runs }) => {
        const found = [];
        for (const name of runs) found.push(await recorded(folder, name));
        return { text: cut(exportRuns(found, "md")), runs };
      },
    ),
  ];
}

const listed = ({ id, spec, status, best, elapsedMs, createdAt }: RunListing) => ({
  run: id,
  ...{ method: spec.method, prompt: subjectOf(spec).slice(0, 200), checkpoint: spec.checkpoint, blocks: spec.blocks },
  ...{ output: spec.output, seed: spec.seed, status, createdAt },
  ...(best && { exact: best.exact, text: best.text.slice(0, 200), outputDistance: best.outputDistance }),
  ...(elapsedMs !== undefined && { seconds: elapsedMs / 1000 }),
});

/** A run by its name: no path leads elsewhere. Throws a LabError (badInput). */
export async function recorded(folder: string, name: string) {
  const place = path.join(folder, name);
  if (path.dirname(place) !== path.resolve(folder) || name !== path.basename(place)) {
    throw new LabError("badInput", `${JSON.stringify(name)} is no name of a run.`);
  }
  return readRun(place).catch((error: unknown) => {
    throw new LabError("badInput", `There is no run ${JSON.stringify(name)} that can be read.`, { cause: error });
  });
}

const cut = (text: string): string =>
  text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT)}\n… (${text.length - MOST_TEXT} more characters)`;
