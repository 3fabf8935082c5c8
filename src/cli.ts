// The program `inversion-lab`: hands the process's streams, signals and folders to the commands.

import { isUtf8 } from "node:buffer";
import { readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { isatty } from "node:tty";
import { version } from "../package.json";
import { runCli } from "./cli/program.ts";
import { EXIT, outputTo } from "./cli/io.ts";
import { hubSettings } from "./checkpoints/hub/hub-settings.ts";
import { cacheFolder, homeFolder } from "./common/folders.ts";
import { EngineClient } from "./engine/client.ts";

/** dist/, also when the program was started through a link to it. */
const programs = path.dirname(realpathSync(process.argv[1]));

const hub = hubSettings(process.env, process.platform, homeFolder());
const stop = new AbortController();
let engine: EngineClient | undefined;
const terminals = [0, 1, 2].filter((fd) => isatty(fd));
// A terminal that is closed sends SIGHUP, often twice; one that has gone without it is found out by writing.
process.on("SIGHUP", () => stop.abort());
process.stdout.on("error", (error: NodeJS.ErrnoException) => error.code === "EIO" && stop.abort());
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // The first asks for an orderly end, the second does not wait for it.
    if (!stop.signal.aborted) return stop.abort();
    void engine?.dispose();
    process.exit(EXIT.cancelled);
  });
}

/** Node puts U+FFFD where the bytes of an argument are no text; only the system knows whether it was typed. */
function areText(args: readonly string[]): boolean {
  if (!args.some((argument) => argument.includes("\ufffd"))) return true;
  try {
    return isUtf8(readFileSync("/proc/self/cmdline"));
  } catch {
    return false;
  }
}

const args = process.argv.slice(2);
if (!areText(args)) {
  process.stderr.write("An argument is not UTF-8.\n");
  process.exit(EXIT.badInput);
}

void runCli(args, version, {
  stdin: process.stdin,
  stdout: outputTo(process.stdout),
  stderr: outputTo(process.stderr),
  env: process.env,
  signal: stop.signal,
  cacheFolder: cacheFolder(process.env, process.platform, homeFolder()),
  hub,
  workerPath: path.join(programs, "weights-worker.cjs"),
  modelsFolder: path.join(programs, "..", "models"),
  trialProgram: path.join(programs, "device-trial.cjs"),
  createEngine(cache, onLog) {
    const modulePath = path.join(programs, "engine.cjs");
    engine = new EngineClient({ modulePath, cacheFolder: cache, onLog, hubToken: hub.token });
    return engine;
  },
  now: () => performance.now(),
}).then((code) => {
  process.exitCode = code;
  if (terminals.every((fd) => isatty(fd))) return;
  // Node would give up (SIGABRT) when it cannot leave a terminal as it found it: its end is that of the terminal instead.
  process.removeAllListeners("SIGHUP");
  process.kill(process.pid, "SIGHUP");
});
