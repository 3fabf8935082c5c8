// Where the lab keeps its files when nobody says otherwise, the same for the terminal and for VS Code; making folders.

import { mkdir, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

/**
 * The folder for what can be made again (weights, tables of a checkpoint) and, inside it, for the runs: the environment
 * variable INVERSION_LAB_CACHE, or "inversion-lab" in the platform's own cache folder.
 */
export function cacheFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform, home: string): string {
  const paths = platform === "win32" ? path.win32 : path.posix;
  if (env.INVERSION_LAB_CACHE) return paths.resolve(env.INVERSION_LAB_CACHE);
  return paths.join(platformCache(), "inversion-lab");

  function platformCache(): string {
    if (platform === "win32") return env.LOCALAPPDATA || paths.join(home, "AppData", "Local");
    if (platform === "darwin") return paths.join(home, "Library", "Caches");
    // The XDG Base Directory Specification says that a relative path is to be ignored.
    return env.XDG_CACHE_HOME && paths.isAbsolute(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : paths.join(home, ".cache");
  }
}

/** The person's home; a folder for temporary files where, as in a container, the user has no name and no home. */
export function homeFolder(): string {
  try {
    return os.homedir() || os.tmpdir();
  } catch {
    return os.tmpdir();
  }
}

/** The folder that holds one folder a run. */
export const runsFolder = (cache: string): string => path.join(cache, "runs");

/**
 * Makes a folder and the ones above it; one that is there already is fine. Step by step, because Node's own recursive
 * mkdir never comes back where the system denies a new folder's name, as below /proc.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(folder)).isDirectory()) return;
    if (code !== "ENOENT" || path.dirname(folder) === folder) throw error;
    await makeFolder(path.dirname(folder));
    await mkdir(folder).catch((failure: NodeJS.ErrnoException) => {
      if (failure.code !== "EEXIST") throw failure;
    });
  }
}
