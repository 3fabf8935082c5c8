// Folders that vanish after the tests of a file.

import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

/** Registers the clean-up with mocha; call it inside `describe`. Each call of the result makes a fresh, empty folder. */
export function temporaryFolders(): () => Promise<string> {
  const made: string[] = [];
  after(async () => {
    for (const folder of made) await rm(folder, { recursive: true, force: true });
  });
  return async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-test-"));
    made.push(folder);
    return folder;
  };
}
