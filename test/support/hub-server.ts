// A hub on this machine: the part of the Hugging Face hub's protocol that downloads need, on two ports (the hub itself,
// and the store that large files are redirected to), and every way in which it may misbehave.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface HubRepository {
  commit: string;
  readonly files: Map<string, Uint8Array>;
  /** What one must send to see it. */
  token?: string;
  gated?: boolean;
}

export interface SeenRequest {
  readonly path: string;
  readonly store: boolean;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** Answers a request for a file in the hub's stead. */
export type Fault = (request: IncomingMessage, response: ServerResponse, content: Uint8Array) => void;

export class HubServer {
  readonly repositories = new Map<string, HubRepository>();
  readonly seen: SeenRequest[] = [];
  /** One for each request for a weights file, in their order; undefined for a right answer. */
  faults: (Fault | undefined)[] = [];
  /** The same for each question about a repository. */
  apiFaults: (Fault | undefined)[] = [];
  /** Bytes a chunk and pause after each, for downloads that take their time; it may change on the way. */
  pace: { readonly bytes: number; readonly pauseMs: number } | undefined;
  readonly #hub: Server;
  readonly #store: Server;

  private constructor() {
    this.#hub = createServer((request, response) => this.#answer(request, response, false));
    this.#store = createServer((request, response) => this.#answer(request, response, true));
  }

  static async start(): Promise<HubServer> {
    const server = new HubServer();
    for (const one of [server.#hub, server.#store]) {
      await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
    }
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#hub.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const one of [this.#hub, this.#store]) {
      one.closeAllConnections();
      await new Promise((resolve) => one.close(resolve));
    }
  }

  /** Downloads of a weights file that were asked for, as the ranges that they named. */
  get ranges(): (string | undefined)[] {
    return this.seen.filter(({ store }) => store).map(({ range }) => range);
  }

  #answer(request: IncomingMessage, response: ServerResponse, store: boolean): void {
    const url = new URL(request.url ?? "/", this.endpoint);
    const { authorization, range } = request.headers;
    this.seen.push({ path: url.pathname, store, authorization, range });
    const [, api, owner, name, what, revision] =
      /^(\/api\/models)?\/([^/]+)\/([^/]+)\/(revision|tree|resolve)\/([^/]+)/.exec(url.pathname) ?? [];
    const repository = this.repositories.get(`${owner}/${name}`);
    if (api) {
      const fault = this.apiFaults.shift();
      if (fault) return fault(request, response, new Uint8Array());
    }
    if (!repository || (repository.token && !store && authorization !== `Bearer ${repository.token}`)) {
      // As the hub does it: what is private looks like what is not there.
      return refuse(response, authorization ? 404 : 401, "RepoNotFound");
    }
    if (what === "revision") {
      if (!["main", repository.commit].includes(decodeURIComponent(revision))) {
        return refuse(response, 404, "RevisionNotFound");
      }
      return json(response, { _id: "1", id: `${owner}/${name}`, sha: repository.commit, lastModified: "2026-01-01" });
    }
    if (what === "tree")
      return json(
        response,
        [...repository.files].map(([path, content]) => entry(path, content)),
      );
    const file = url.pathname.split("/").at(-1) ?? "";
    const content = repository.files.get(file);
    if (!content) return refuse(response, 404, "EntryNotFound");
    if (repository.gated) return refuse(response, 403, "GatedRepo");
    if (!file.endsWith(".safetensors")) return void response.end(content);
    if (!store) {
      const { port } = this.#store.address() as AddressInfo;
      response.writeHead(302, {
        "Location": `http://127.0.0.1:${port}${url.pathname}`,
        "X-Linked-Size": content.length,
      });
      return void response.end();
    }
    const fault = this.faults.shift();
    if (fault) return fault(request, response, content);
    void this.#send(request, response, content);
  }

  async #send(request: IncomingMessage, response: ServerResponse, content: Uint8Array): Promise<void> {
    const part = startAnswer(request, response, content);
    if (!part) return;
    for (let from = 0; from < part.length && !response.destroyed;) {
      const { bytes, pauseMs } = this.pace ?? { bytes: part.length, pauseMs: 0 };
      response.write(part.subarray(from, from + bytes));
      from += bytes;
      if (this.pace) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    response.end();
  }
}

/** Writes the head of an answer, a range where one was asked for, and returns the bytes to send. */
function startAnswer(request: IncomingMessage, response: ServerResponse, content: Uint8Array): Uint8Array | undefined {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
  if (from === undefined) {
    response.writeHead(200, { "Content-Length": content.length });
    return content;
  }
  if (Number(from) >= content.length) {
    response.writeHead(416).end();
    return undefined;
  }
  const part = content.subarray(Number(from));
  response.writeHead(206, {
    "Content-Length": part.length,
    "Content-Range": `bytes ${from}-${content.length - 1}/${content.length}`,
  });
  return part;
}

export const gitHash = (content: Uint8Array): string =>
  createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
export const sha256 = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

function entry(path: string, content: Uint8Array): object {
  const common = { type: "file", path, size: content.length, oid: gitHash(content) };
  return path.endsWith(".safetensors")
    ? { ...common, lfs: { oid: sha256(content), size: content.length, pointerSize: 134 } }
    : common;
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { "Content-Type": "application/json", "X-Error-Code": code })
    .end(JSON.stringify({ error: "words of the server" }));
}

/** The misbehaviours. */
export const FAULTS = {
  /** Ends the connection after so many bytes of the body. */
  drop:
    (bytes: number): Fault =>
    (request, response, content) => {
      const part = startAnswer(request, response, content);
      // What is on its way when a connection breaks is lost: it gets the time to arrive.
      if (part) response.write(part.subarray(0, bytes), () => setTimeout(() => response.destroy(), 50));
    },
  status:
    (status: number, headers: Record<string, string> = {}): Fault =>
    (_, response) =>
      void response.writeHead(status, headers).end("words of the server"),
  /** Says another length, and sends it. */
  wrongLength: ((_, response, content) => {
    response.writeHead(200, { "Content-Length": content.length + 5 }).end(Buffer.concat([content, Buffer.alloc(5)]));
  }) as Fault,
  /** Says no length, and sends more than there is. */
  tooMuch: ((_, response, content) => {
    response.writeHead(200).end(Buffer.concat([content, content]));
  }) as Fault,
  /** Says no length, and ends early as if all were well. */
  tooLittle: ((_, response, content) => {
    response.writeHead(200).end(content.subarray(0, content.length >> 1));
  }) as Fault,
  /** The right length, another content. */
  otherContent: ((_, response, content) => {
    const other = Uint8Array.from(content);
    other[other.length - 1] ^= 1;
    response.writeHead(200, { "Content-Length": other.length }).end(other);
  }) as Fault,
  /** Sends the whole file although a part was asked for. */
  noRanges: ((_, response, content) => {
    response.writeHead(200, { "Content-Length": content.length }).end(content);
  }) as Fault,
  /** Another part than was asked for. */
  otherRange: ((_, response, content) => {
    response.writeHead(206, { "Content-Range": `bytes 0-${content.length - 1}/${content.length}` }).end(content);
  }) as Fault,
  hangUp: ((request) => void request.socket.destroy()) as Fault,
  /** Takes the request and says nothing. */
  silence: (() => undefined) as Fault,
  /** Sends the asker round and round. */
  loop: ((request, response) => {
    response.writeHead(302, { Location: request.url ?? "/" }).end();
  }) as Fault,
};
