// What a client of the MCP server may have read and downloaded: a program asks there, and the person has said how far.

import { realpath, stat } from "node:fs/promises";
import path from "node:path";
import { isSizeName, MINI } from "../../checkpoints/config.ts";
import { RANDOM } from "../../checkpoints/generated/random-network.ts";
import { parseHubId } from "../../checkpoints/hub/hub-id.ts";
import { LabError } from "../../common/errors.ts";
import { pathFields } from "../../experiments/field-paths.ts";
import { pathsOf } from "../../experiments/fields.ts";

type Request = Readonly<Record<string, unknown>>;

export class Access {
  readonly #folders: readonly string[];

  /** Folders whose files may be read and written. */
  constructor(folders: readonly string[]) {
    this.#folders = folders.map((folder) => path.resolve(folder));
  }

  /** A file that may be read or written, as an absolute path. Throws a LabError (badInput). */
  async file(name: string): Promise<string> {
    const file = path.resolve(this.#folders[0] ?? ".", name);
    const place = await realPlace(file);
    for (const folder of this.#folders) {
      const way = path.relative(await realPlace(folder), place);
      if (way !== ".." && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way)) return file;
    }
    const where = this.#folders.length === 0 ? "none" : this.#folders.join(", ");
    throw new LabError(
      "badInput",
      `${name} is in no folder that this server may use (${where}): start it with --allow DIR.`,
    );
  }

  /** The request with its files as absolute paths. Throws a LabError (badInput) for one that may not be read. */
  async request(request: Request): Promise<Request> {
    const fields = pathFields();
    const allowed: Record<string, unknown> = { ...request };
    for (const [field, value] of Object.entries(request)) {
      if (typeof value !== "string") continue;
      if (field === "checkpoint") allowed[field] = await this.#checkpoint(value);
      if (!fields.has(field)) continue;
      const files: string[] = [];
      for (const name of pathsOf(value)) files.push(await this.file(name));
      allowed[field] = files.join(";");
    }
    return allowed;
  }

  /** What is no folder here may be a model of the hub, for which the hub's settings say whether it is downloaded. */
  async #checkpoint(source: string): Promise<string> {
    if (source === MINI) return source;
    if (source.startsWith(RANDOM)) {
      const [name, ...query] = source.slice(RANDOM.length).split("?");
      if (isSizeName(name)) return source;
      return RANDOM + [await this.file(name), ...query].join("?");
    }
    const isFolder = await stat(source).then(
      (found) => found.isDirectory(),
      () => false,
    );
    return !isFolder && parseHubId(source) ? source : this.file(source);
  }
}

/** Where a path leads through links; of what is not there yet, where its folder does. */
async function realPlace(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch {
    const parent = path.dirname(file);
    return parent === file ? file : path.join(await realPlace(parent), path.basename(file));
  }
}
