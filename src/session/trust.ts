// What a folder that nobody has said to trust, and a file in any folder, may have done.

import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import path from "node:path";
import { t } from "@vscode/l10n";
import { isSizeName, MINI } from "../checkpoints/config.ts";
import { RANDOM } from "../checkpoints/generated/random-network.ts";
import { LabError } from "../common/errors.ts";
import { errorCode } from "../common/files.ts";
import { pathFields } from "../experiments/field-paths.ts";
import { pathsOf } from "../experiments/fields.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";

/** Is it bundled or made here, so that neither a path nor a server has a say? */
export function isBuiltIn(checkpoint: string): boolean {
  if (checkpoint === MINI) return true;
  return checkpoint.startsWith(RANDOM) && isSizeName(checkpoint.slice(RANDOM.length).split("?")[0]);
}

/** Throws a LabError (badInput) where the workspace is not trusted. */
export function requireTrust(isTrusted: boolean): void {
  if (!isTrusted) {
    throw new LabError("badInput", t("Experiments and sweeps are run from files only in a folder that you trust."));
  }
}

/** Throws a LabError (checkpoint) for weights that a folder which is not trusted may not have read or downloaded. */
export function requireTrustedCheckpoint(isTrusted: boolean, { checkpoint }: Pick<ExperimentSpec, "checkpoint">): void {
  if (isTrusted || isBuiltIn(checkpoint)) return;
  throw new LabError(
    "checkpoint",
    t(
      "The checkpoint {0} is opened only in a folder that you trust: choose a bundled or a random one here.",
      checkpoint,
    ),
  );
}

/** Network shares, addresses, and the files of devices and processes: reading one does more than reading. */
const ELSEWHERE = /^(?:[\\/]{2}|[a-z][a-z+.-]+:[\\/]|\/(?:dev|proc|sys)(?:\/|$))/i;

/** Throws a LabError (badInput) for a place in a file that is to be typed by the person or not at all. */
export function checkNamedByFile(requests: Iterable<Readonly<Record<string, unknown>>>, file: string): void {
  for (const request of requests) {
    for (const place of placesOf(request)) {
      if (!ELSEWHERE.test(place) && !ELSEWHERE.test(path.resolve(place))) continue;
      throw new LabError(
        "badInput",
        t("{0} names {1}: a file may name no network share and no device.", path.basename(file), place),
      );
    }
  }
}

/** Where a request's checkpoint and files are. */
function placesOf({ checkpoint, ...request }: Readonly<Record<string, unknown>>): string[] {
  const fields = pathFields();
  const files = Object.entries(request).flatMap(([field, value]) =>
    typeof value === "string" && fields.has(field) ? pathsOf(value) : [],
  );
  if (typeof checkpoint !== "string") return files;
  return [checkpoint.startsWith(RANDOM) ? checkpoint.slice(RANDOM.length) : checkpoint, ...files];
}

/** What tells that a file is the one that was begun. */
export const contentHash = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * Throws a LabError (storage) where a folder, or what is known of its way, leads out of `root` through links. What is not
 * there yet leads nowhere.
 */
export async function requireInside(folder: string, root: string): Promise<void> {
  const top = await realpath(root);
  const place = await realpath(folder).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new LabError("storage", t("{0} cannot be looked at.", folder), { cause: error });
  });
  if (place === undefined) return;
  const way = path.relative(top, place);
  if (way !== ".." && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way)) return;
  throw new LabError("storage", t("{0} leads out of its folder, to {1}: runs are not written there.", folder, place));
}
