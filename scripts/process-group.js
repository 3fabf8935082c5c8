// Holds a program and everything it starts: when the process that holds the group lets go, or dies in whatever way, all
// of them end. Run as `fork(process-group.js, [PROGRAM, …PARAMETERS])`; sends the program's process id to its holder.

import { spawn } from "node:child_process";

const [program = "", ...parameters] = process.argv.slice(2);
// "detached" makes it the leader of a process group, which its children stay in even when it dies before them.
const child = spawn(program, parameters, { detached: true, stdio: ["ignore", "inherit", "inherit"] });
const group = -(child.pid ?? Number.NaN);

/** @returns {boolean} whether there was anybody left to get it */
function signalGroup(/** @type {NodeJS.Signals} */ signal) {
  try {
    return process.kill(group, signal);
  } catch {
    return false;
  }
}

child.on("exit", (code) => {
  signalGroup("SIGKILL");
  process.exit(code ?? 1);
});
child.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
process.on("disconnect", () => {
  signalGroup("SIGTERM");
  setTimeout(() => signalGroup("SIGKILL"), 2000);
});
process.send?.(child.pid);
