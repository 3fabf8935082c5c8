// A process that has ended and that nobody waits for, as in a container whose first process reaps none. Linux only.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import readline from "node:readline/promises";
import { once } from "node:events";

/**
 * Calls `use` with its number and beginning, and then lets it go. `program`, in bash's words, is what ends as a zombie; one
 * that does not end by itself is ended by `end`.
 */
export async function withZombie(
  use: (zombie: { pid: number; began: string }) => Promise<void>,
  program = "sleep 600",
  end = (pid: number): unknown => program === "sleep 600" && process.kill(pid, "SIGKILL"),
) {
  // What bash becomes waits for nobody.
  const parent = spawn("bash", ["-c", `${program} & echo $!; exec sleep 600`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [line] = (await once(readline.createInterface({ input: parent.stdout }), "line")) as [string];
    const pid = Number(line);
    const become = () => readFileSync(`/proc/${parent.pid}/comm`, "utf8").trim() === "sleep";
    while (!become()) await new Promise((resolve) => setTimeout(resolve, 5));
    await end(pid);
    for (;;) {
      const text = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
      if (fields[0] === "Z") return await use({ pid, began: fields[19] });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } finally {
    parent.kill("SIGKILL");
  }
}
