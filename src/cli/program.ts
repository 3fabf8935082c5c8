// The commands of `inversion-lab`, their flags, and what every one of them ends with: an exit code and, where something
// was wrong, one sentence on stderr.

import { Command, CommanderError } from "commander";
import { LabError, messageOf } from "../common/errors.ts";
import { type CreateFlags, type ListFlags, create, listCached } from "./checkpoints.ts";
import { doctor, type DoctorFlags } from "./doctor.ts";
import { graph, GRAPH_FIELDS, type GraphFlags } from "./graph.ts";
import { invert, type InvertFlags } from "./invert.ts";
import { EXIT, exitCodeOf, OutputClosed, type Surroundings, tell } from "./io.ts";
import { SPEC_FIELDS, specOptions, type SpecSchema } from "./spec-flags.ts";

/** Runs one command line, without the program's own name, and resolves to the exit code. Never rejects. */
export async function runCli(argv: readonly string[], version: string, surroundings: Surroundings): Promise<number> {
  // Streams that nobody listens to take the process down; what went wrong is told to whoever wrote.
  for (const stream of [surroundings.stdout, surroundings.stderr]) stream.on("error", () => undefined);
  let code: number = EXIT.done;
  try {
    const schema = asksForHelp(argv) ? await loadSchema() : undefined;
    await commands(version, surroundings, schema, (result) => (code = result)).parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof OutputClosed) return EXIT.done;
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.done;
      // Without a command, commander has shown the help already.
      if (error.code !== "commander.help") tell(surroundings, usage(error));
      return EXIT.badInput;
    }
    tell(surroundings, messageOf(error));
    if (!(error instanceof LabError) && error instanceof Error) surroundings.stderr.write(`${error.stack}\n`);
    return exitCodeOf(error);
  }
}

function commands(
  version: string,
  surroundings: Surroundings,
  schema: SpecSchema | undefined,
  exit: (code: number) => void,
): Command {
  const { stdout, stderr } = surroundings;
  const program = new Command("inversion-lab")
    .description("What does this layer still know about its input?")
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: () => undefined,
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
    });

  const inverting = program
    .command("invert")
    .description("search for inputs that give the same hidden states as a text")
    .argument("<TEXT>", "the text whose hidden states are the target; - reads it from standard input")
    .option("--preset <NAME>", "a setting under a name, which explicit flags change: source is the source's own");
  for (const option of specOptions(SPEC_FIELDS, schema)) inverting.addOption(option);
  inverting
    .option("--out <DIR>", "write the run's record into this folder")
    .option("--json", "print one JSON object a line and nothing else")
    .option("--cache <DIR>", `folder for weights (default: ${surroundings.cacheFolder})`)
    .action(async (text: string, flags: InvertFlags) => exit(await invert(text, flags, surroundings)));

  const checkpoints = program.command("checkpoints").description("the weights that are at hand");
  checkpoints
    .command("list")
    .description("list the random checkpoints in the cache")
    .option("--json", "print one JSON object a line and nothing else")
    .option("--cache <DIR>", `folder for weights (default: ${surroundings.cacheFolder})`)
    .action((flags: ListFlags) => listCached(flags, surroundings));
  const creating = checkpoints
    .command("create")
    .description("write random weights as a folder that Hugging Face's tools open")
    .argument("<SOURCE>", "random:gpt2, random:gpt2-medium, -large, -xl, or random:PATH/config.json")
    .requiredOption("--out <DIR>", "the folder to write");
  for (const option of specOptions(["initSeed"], schema)) creating.addOption(option);
  creating
    .option("--json", "print one JSON object and nothing else")
    .action((source: string, flags: CreateFlags) => create(source, flags, surroundings));

  const graphing = program
    .command("graph")
    .description("write the graph of one descent step as network.onnx, with its weights beside it");
  for (const option of specOptions(GRAPH_FIELDS, schema)) graphing.addOption(option);
  graphing
    .requiredOption("--length <T>", "number of tokens")
    .option("--batch <B>", "number of restarts", "1")
    .requiredOption("--out <DIR>", "the folder to write")
    .option("--json", "print one JSON object and nothing else")
    .option("--cache <DIR>", `folder for weights (default: ${surroundings.cacheFolder})`)
    .action((flags: GraphFlags) => graph(flags, surroundings));

  const examining = program
    .command("doctor")
    .description("show what a checkpoint computes for a fixed prompt, to compare with other programs");
  for (const option of specOptions(["checkpoint", "initSeed"], schema)) examining.addOption(option);
  examining
    .option("--blocks <N>", "number of transformer blocks, from the input on (default: all)")
    .option("--json", "print one JSON object a line and nothing else")
    .option("--cache <DIR>", `folder for weights (default: ${surroundings.cacheFolder})`)
    .action((flags: DoctorFlags) => doctor(flags, surroundings));
  return program;
}

const asksForHelp = (argv: readonly string[]): boolean =>
  argv[0] === "help" || argv.some((argument) => argument === "--help" || argument === "-h");

async function loadSchema(): Promise<SpecSchema> {
  const { specSchema } = await import("../experiments/spec.ts");
  return specSchema() as SpecSchema;
}

/** "error: unknown option '--iteration'\n(Did you mean --iterations?)" as a sentence. */
function usage({ message }: CommanderError): string {
  const [first, ...hints] = message.replace(/^error: /, "").split("\n");
  return [`${first.replace(/^./, (letter) => letter.toUpperCase())}${/[.?!]$/.test(first) ? "" : "."}`, ...hints].join(
    " ",
  );
}
