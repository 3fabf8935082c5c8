// The commands of `inversion-lab`, their flags, and what every one of them ends with: an exit code and, where something
// was wrong, one sentence on stderr.

import { Command, CommanderError } from "commander";
import { LabError, messageOf } from "../common/errors.ts";
import { defaultMethod, METHODS } from "../experiments/methods/table.ts";
import {
  type CreateFlags,
  type FetchFlags,
  type ListFlags,
  create,
  fetchOne,
  listCached,
} from "./checkpoints-command.ts";
import { doctor, type DoctorFlags } from "./doctor-command.ts";
import { type ExportFlags, exportRecords } from "./export-command.ts";
import { graph, GRAPH_FIELDS, type GraphFlags } from "./graph-command.ts";
import { EXIT, exitCodeOf, OutputClosed, type CliContext, tell } from "./io.ts";
import { reproduceClaims, type ReproduceFlags } from "./reproduce-command.ts";
import { type RunFlags, runMethod } from "./run-command.ts";
import type { McpFlags } from "./mcp/mcp-server.ts";
import { states, STATES_FIELDS, type StatesFlags } from "./states-command.ts";
import { type SweepFlags, sweepFile } from "./sweep-command.ts";
import { visibleLines } from "../common/visible.ts";
import { specOptions } from "./spec-options.ts";

/** Runs one command line, without the program's own name, and resolves to the exit code. Never rejects. */
export async function runCli(argv: readonly string[], version: string, context: CliContext): Promise<number> {
  // Streams that nobody listens to take the process down; what went wrong is told to whoever wrote.
  for (const stream of [context.stdout, context.stderr]) stream.on("error", () => undefined);
  let code: number = EXIT.done;
  try {
    await commands(version, context, (result) => (code = result)).parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof OutputClosed) return error.exitCode;
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.done;
      // Without a command, commander has shown the help already.
      if (error.code !== "commander.help") tell(context, usage(error));
      return EXIT.badInput;
    }
    tell(context, messageOf(error));
    if (!(error instanceof LabError) && error instanceof Error)
      context.stderr.write(`${visibleLines(error.stack ?? "")}\n`);
    return exitCodeOf(error);
  }
}

function commands(version: string, context: CliContext, exit: (code: number) => void): Command {
  const { stdout, stderr } = context;
  const program = new Command("inversion-lab")
    .description("What does this layer still know about its input?")
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: () => undefined,
      getOutHelpWidth: () => stdout.columns || 100,
      getErrHelpWidth: () => stderr.columns || 100,
    });

  for (const method of METHODS) {
    const command = method.command.reduce(
      (parent, [word, help]) =>
        parent.commands.find((known) => known.name() === word) ?? parent.command(word).description(help),
      program,
    );
    const takesStates = "states" in method.schema;
    command.argument(
      takesStates ? "[TEXT]" : "<TEXT>",
      "the text whose hidden states are the target; - reads it from standard input",
    );
    const presets = Object.keys(method.presets ?? {});
    if (presets.length > 0) {
      command.option(
        "--preset <NAME>",
        "a setting under a name, which explicit flags change: source is the source's own",
      );
    }
    for (const option of specOptions(method.name)) command.addOption(option);
    command
      .option("--vocabulary-file <FILE>", "read the text of --vocabulary from a file")
      .option("--out <DIR>", "write the run's record into this folder")
      .option("--json", "print one JSON object a line and nothing else")
      .option("--cache <DIR>", `folder for weights (default: ${context.cacheFolder})`)
      .action(async (text: string | undefined, flags: RunFlags) =>
        exit(await runMethod(method.name, text, flags, context)),
      );
  }

  program
    .command("reproduce")
    .description("run the paper's claims again, and write a table of what holds")
    .option("--quick", "minutes in place of an hour: fewer seeds and shorter runs")
    .option("--checkpoint <SOURCE>", "a trained checkpoint; several times for several, smallest first", collect)
    .option("--claims <LIST>", "only these, as C1,C5")
    .option("--out <DIR>", "the folder for index.html, table.md and findings.json (default: reproduction)")
    .option("--json", "print one JSON object a claim and nothing else")
    .option("--cache <DIR>", `folder for weights (default: ${context.cacheFolder})`)
    .action(async (flags: ReproduceFlags) => exit(await reproduceClaims(flags, version, context)));

  program
    .command("sweep")
    .description("carry out the runs of a sweep that are not there yet, and write the tables of all")
    .argument("<FILE>", "NAME.sweep.json (base and axes), or NAME.inversion.json (one spec)")
    .option("--out <DIR>", "the folder of the runs and tables (default: NAME.sweep beside the file)")
    .option("--dry-run", "list the runs and carry out none")
    .option("--json", "print one JSON object a line and nothing else")
    .option("--cache <DIR>", `folder for weights (default: ${context.cacheFolder})`)
    .action(async (file: string, flags: SweepFlags) => exit(await sweepFile(file, flags, context)));

  program
    .command("export")
    .description("turn records of runs, one or several to compare, into another file")
    .argument("<RUN...>", "folders of records, or names of runs that VS Code made")
    .option("--format <NAME>", "csv, json, md, latex, html or svg (default: as the name of --out ends)")
    .option("--out <FILE>", "the file to write (default: standard output)")
    .option("--cache <DIR>", `folder that holds the runs of VS Code (default: ${context.cacheFolder})`)
    .action((runs: string[], flags: ExportFlags) => exportRecords(runs, flags, context));

  const checkpoints = program.command("checkpoints").description("the weights that are at hand");
  checkpoints
    .command("list")
    .description("list the checkpoints in the lab's cache and in the Hugging Face cache")
    .option("--json", "print one JSON object a line and nothing else")
    .option("--cache <DIR>", `folder for weights (default: ${context.cacheFolder})`)
    .action((flags: ListFlags) => listCached(flags, context));
  checkpoints
    .command("fetch")
    .description("download a model of the Hugging Face hub into the Hugging Face cache, or what that lacks of it")
    .argument("<ID>", "owner/name or owner/name@REVISION, for example openai-community/gpt2")
    .option("--json", "print one JSON object a line and nothing else")
    .action((source: string, flags: FetchFlags) => fetchOne(source, flags, context));
  const creating = checkpoints
    .command("create")
    .description("write random weights as a folder that Hugging Face's tools open")
    .argument("<SOURCE>", "random:gpt2, random:gpt2-medium, -large, -xl, or random:PATH/config.json")
    .requiredOption("--out <DIR>", "the folder to write");
  for (const option of specOptions(defaultMethod().name, ["initSeed"])) creating.addOption(option);
  creating
    .option("--json", "print one JSON object and nothing else")
    .action((source: string, flags: CreateFlags) => create(source, flags, context));

  const graphing = program
    .command("graph")
    .description("write the graph of one descent step as network.onnx, with its weights beside it");
  for (const option of specOptions(defaultMethod().name, GRAPH_FIELDS)) graphing.addOption(option);
  graphing
    .requiredOption("--length <T>", "number of tokens")
    .option("--batch <B>", "number of restarts", "1")
    .requiredOption("--out <DIR>", "the folder to write")
    .option("--json", "print one JSON object and nothing else")
    .option("--cache <DIR>", `folder for weights (default: ${context.cacheFolder})`)
    .action((flags: GraphFlags) => graph(flags, context));

  const stating = program
    .command("states")
    .description("write the hidden states of a text as a file, which exact --states and Python read")
    .argument("<TEXT>", "the text; - reads it from standard input")
    .requiredOption("--blocks <LIST>", "numbers of transformer blocks, as 4 or 1,2,4, or all");
  for (const option of specOptions(defaultMethod().name, STATES_FIELDS)) stating.addOption(option);
  stating
    .requiredOption("--out <FILE>", "the file to write, FILE.safetensors")
    .option("--json", "print one JSON object and nothing else")
    .option("--cache <DIR>", `folder for weights (default: ${context.cacheFolder})`)
    .action((text: string, flags: StatesFlags) => states(text, flags, context));

  program
    .command("mcp")
    .description(
      "serve these experiments to a language model's program, by the Model Context Protocol on stdin and stdout",
    )
    .option("--allow <DIR>", "a folder whose files may be read and written; several times for several", collect)
    .option("--allow-download", "download models of the Hugging Face hub that are not on this machine")
    .option("--cache <DIR>", `folder for weights and runs (default: ${context.cacheFolder})`)
    .action(async (flags: McpFlags) => {
      const { serveMcp } = await import("./mcp/mcp-server.ts");
      exit(await serveMcp(flags, version, context));
    });

  const examining = program
    .command("doctor")
    .description("show which devices work, why others do not, and what a checkpoint computes for a fixed prompt");
  for (const option of specOptions(defaultMethod().name, ["checkpoint", "initSeed"])) examining.addOption(option);
  examining
    .option("--blocks <N>", "number of transformer blocks, from the input on (default: all)")
    .option(
      "--cuda <SOURCE>",
      "put ONNX Runtime's CUDA libraries in place: fetch (from NuGet), or a folder that has them",
    )
    .option("--yes", "download without asking")
    .option("--json", "print one JSON object a line and nothing else")
    .option("--cache <DIR>", `folder for weights (default: ${context.cacheFolder})`)
    .action((flags: DoctorFlags) => doctor(flags, context));
  return program;
}

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** "error: unknown option '--iteration'\n(Did you mean --iterations?)" as a sentence. */
function usage({ message }: CommanderError): string {
  const [first, ...hints] = message.replace(/^error: /, "").split("\n");
  return [`${first.replace(/^./, (letter) => letter.toUpperCase())}${/[.?!]$/.test(first) ? "" : "."}`, ...hints].join(
    " ",
  );
}
