// `inversion-lab export RUN…`: records of runs, one or several to compare, as a file of another program.

import { stat } from "node:fs/promises";
import path from "node:path";
import { writeWhole } from "../common/files.ts";
import { LabError, messageOf } from "../common/errors.ts";
import { runsFolder } from "../common/folders.ts";
import type { ExportFormat } from "../reports/run-export.ts";
import { print, type CliContext, tell } from "./io.ts";
import { visibleLines } from "../common/visible.ts";

export interface ExportFlags {
  readonly format?: string;
  readonly out?: string;
  readonly cache?: string;
}

/** Throws LabErrors, and OutputClosed. */
export async function exportRecords(names: readonly string[], flags: ExportFlags, context: CliContext): Promise<void> {
  const { EXPORT_FORMATS, exportRuns } = await import("../reports/run-export.ts");
  const { readRun } = await import("../records/read-record.ts");
  const format = formatOf(flags, EXPORT_FORMATS);
  const runs = [];
  for (const name of names) {
    const folder = await folderOf(name, flags.cache ?? context.cacheFolder);
    runs.push(await asked(() => readRun(folder)));
  }
  const text = exportRuns(runs, format);
  if (flags.out === undefined) return print(context, context.stdout.isTTY ? visibleLines(text) : text);
  const file = path.resolve(flags.out);
  await writeWhole(file, text);
  tell(context, `Wrote ${file}`);
}

function formatOf({ format, out }: ExportFlags, known: readonly ExportFormat[]): ExportFormat {
  const named = format ?? (out === undefined ? undefined : path.extname(out).slice(1).replace(/^tex$/, "latex"));
  const found = known.find((each) => each === named);
  if (found) return found;
  if (named === "png") {
    throw new LabError("badInput", "PNG comes from VS Code (Export Run…), which has what draws it: take svg here.");
  }
  const names = known.join(", ");
  if (format === undefined) throw new LabError("badInput", `Name a --format: ${names}.`);
  throw new LabError("badInput", `--format is ${JSON.stringify(format)}: it takes ${names}.`);
}

/** A record's folder, or the name of one among the runs of VS Code. */
async function folderOf(name: string, cache: string): Promise<string> {
  const among = path.join(runsFolder(path.resolve(cache)), name);
  for (const folder of [path.resolve(name), among]) {
    if (
      await stat(folder).then(
        (found) => found.isDirectory(),
        () => false,
      )
    )
      return folder;
  }
  throw new LabError(
    "badInput",
    `${JSON.stringify(name)} is no run: name a record's folder, or one of those in ${path.dirname(among)}.`,
  );
}

/** A record that cannot be read was asked for, and is then the request's fault. */
async function asked<T>(reading: () => Promise<T>): Promise<T> {
  try {
    return await reading();
  } catch (error) {
    throw new LabError("badInput", messageOf(error), { cause: error });
  }
}
