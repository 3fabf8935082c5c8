// The engine process: forked with the cache folder as its argument, it serves runs to its parent and ends with it.

import { realpathSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { hubSettings } from "../checkpoints/hub/hub-settings.ts";
import { homeFolder } from "../common/folders.ts";
import { LabError, messageOf } from "../common/errors.ts";
import type { HubTokenMessage } from "./messages.ts";
import { type Experimenter, serve } from "./server.ts";

const [, program, cacheFolder] = process.argv;
if (!process.send || !cacheFolder) {
  console.error("The engine is started by Inversion Lab itself; the command is inversion-lab.");
  process.exit(2);
}

// A terminal sends Ctrl-C, and its own end, to the parent too, which cancels the run here in an orderly way.
for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
process.on("disconnect", () => process.exit());

let hub = hubSettings(process.env, process.platform, homeFolder());

serve(
  {
    onMessage: (listener) =>
      process.on("message", (message: unknown) => {
        if (isHubToken(message)) hub = { ...hub, token: message.token };
        else listener(message);
      }),
    // With a callback, a parent that has just gone is no error: "disconnect" is about to end this process.
    send: (message) => process.send!(message, undefined, undefined, () => undefined),
  },
  openRunner,
  console.error,
  () => performance.now(),
);

function isHubToken(message: unknown): message is HubTokenMessage {
  const { type, token } = message as Partial<HubTokenMessage>;
  return type === "hubToken" && typeof token === "string";
}

/** Loaded while the first message is on its way: the native runtime takes its time. */
async function openRunner(): Promise<Experimenter> {
  try {
    const { ExperimentRunner } = await import("./experiment-runner.ts");
    const programs = path.dirname(realpathSync(program));
    const workerPath = path.join(programs, "weights-worker.cjs");
    return new ExperimentRunner({
      cacheFolder,
      workerPath,
      warn: console.error,
      modelsFolder: path.join(programs, "..", "models"),
      get hub() {
        return hub; // with the token that has come by then
      },
      trialProgram: path.join(programs, "device-trial.cjs"),
    });
  } catch (error) {
    throw new LabError("engine", `The engine could not be loaded: ${messageOf(error).split("\n")[0]}`, {
      cause: error,
    });
  }
}
