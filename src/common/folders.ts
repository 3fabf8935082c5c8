// Where the lab keeps its files when nobody says otherwise; the same for the terminal and for VS Code.

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

/** The folder that holds one folder a run. */
export const runsFolder = (cache: string): string => path.join(cache, "runs");
