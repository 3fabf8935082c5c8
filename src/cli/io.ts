// The terminal's three streams as the commands use them, and what a command needs of its context.

import { fstatSync } from "node:fs";
import { type Readable, Writable } from "node:stream";
import { styleText } from "node:util";
import type { HubSettings } from "../checkpoints/hub/hub-settings.ts";
import { errorCode, writeFullySync } from "../common/files.ts";
import { LabError, type LabErrorKind, messageOf } from "../common/errors.ts";
import type { EngineClient } from "../engine/client.ts";
import { visible } from "../common/visible.ts";

/** A process's output; a terminal says so, and its size. */
type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

/** A terminal that has a size: one without a window says 0 × 0. */
export const sized = (terminal: OutputStream) => ({
  write: (text: string) => terminal.write(text),
  get columns() {
    return terminal.columns || 80;
  },
  get rows() {
    return terminal.rows || 24;
  },
});

export interface CliContext {
  readonly stdin: Readable;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted when the person stops the command. */
  readonly signal: AbortSignal;
  /** Where cached files go when the command line does not say. */
  readonly cacheFolder: string;
  /** The Hugging Face hub and its cache. */
  readonly hub: HubSettings;
  /** Where the bundled weights worker lies. */
  readonly workerPath?: string;
  /** Where the checkpoints lie that come with the program. */
  readonly modelsFolder?: string;
  /** The bundled program that tries a device out. */
  readonly trialProgram: string;
  createEngine(cacheFolder: string, onLog: (line: string) => void): EngineClient;
  /** Milliseconds of any steady clock. */
  now(): number;
}

/**
 * What the program writes to. Of a write to a file Node does not look at how much the disk took; terminals and pipes take
 * all.
 */
export function outputTo(stream: OutputStream & { readonly fd?: number }): OutputStream {
  const { fd } = stream;
  try {
    if (fd === undefined || !fstatSync(fd).isFile()) return stream;
  } catch {
    return stream;
  }
  return new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      try {
        writeFullySync(fd, chunk);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

/** Exit codes: a contract with the programs that call this one. */
export const EXIT = { done: 0, badInput: 2, failed: 3, cancelled: 130 } as const;

/** A checkpoint that cannot be used is bad input as well: it was asked for. */
const EXIT_OF_KIND: Readonly<Record<LabErrorKind, number>> = {
  badInput: EXIT.badInput,
  checkpoint: EXIT.badInput,
  access: EXIT.badInput,
  cancelled: EXIT.cancelled,
  memory: EXIT.failed,
  device: EXIT.failed,
  storage: EXIT.failed,
  network: EXIT.failed,
  engine: EXIT.failed,
};

export const exitCodeOf = (error: unknown): number =>
  error instanceof LabError ? EXIT_OF_KIND[error.kind] : EXIT.failed;

/** Thrown when nobody reads the output any more, as after `| head -1`: the command ends and has nothing to say. */
export class OutputClosed extends LabError {
  /** That of a command that was stopped, where it was the terminal that was closed. */
  readonly exitCode: number;

  constructor(exitCode: number = EXIT.done) {
    super("cancelled", "Nobody read the output any more.");
    this.exitCode = exitCode;
  }
}

/**
 * Writes to stdout and waits until it is taken, so that a slow reader slows the run instead of filling the memory.
 * Throws OutputClosed, or a LabError (storage) when the output is a file on a full disk.
 */
export function print({ stdout }: CliContext, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stdout.write(text, (error) => {
      if (!error) return resolve();
      const code = errorCode(error);
      if (code === "EPIPE") return reject(new OutputClosed());
      if (code === "EIO" && stdout.isTTY) return reject(new OutputClosed(EXIT.cancelled));
      reject(new LabError("storage", `The output could not be written: ${messageOf(error)}.`, { cause: error }));
    });
  });
}

export function tell({ stderr }: CliContext, line: string): void {
  stderr.write(`${visible(line)}\n`);
}

export const isLive = ({ stdout, env }: CliContext): boolean => stdout.isTTY === true && env.TERM !== "dumb";

/** How pieces of text are marked: with colour only where the terminal has it and nobody set NO_COLOR. */
export interface Styles {
  /** A token that is the prompt's: never by colour alone. */
  readonly match: (text: string) => string;
  readonly quiet: (text: string) => string;
  readonly strong: (text: string) => string;
}

const same = (text: string): string => text;
export const PLAIN: Styles = { match: same, quiet: same, strong: same };

export function stylesFor(stdout: OutputStream): Styles {
  const strong = (text: string) => styleText("bold", text, { validateStream: false });
  return {
    match: (text) =>
      styleText("green", styleText(["bold", "underline"], text, { validateStream: false }), { stream: stdout }),
    quiet: (text) => styleText("dim", text, { stream: stdout }),
    strong,
  };
}
