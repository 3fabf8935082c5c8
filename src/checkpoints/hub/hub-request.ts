// One request to the hub: with the token, only to the hub itself; again after a pause where that may help; and with a
// sentence for every way in which it fails. Nothing that a server says is repeated in one, so no token can be.

import { setTimeout as wait } from "node:timers/promises";
import { LabError, throwIfCancelled } from "../../common/errors.ts";
import { webFetch } from "../../common/web-fetch.ts";
import { errorCode } from "../../common/files.ts";
import type { HubId } from "./hub-id.ts";

/** How long the hub is waited for. */
export interface RetryPolicy {
  /** Requests that may fail in a row before the download does. */
  readonly attempts: number;
  /** Pause after the first failure in a row; it doubles with each. A server may ask for a longer one, up to a minute. */
  readonly pauseMs: number;
  /** A connection on which nothing comes for so long is given up. */
  readonly silenceMs: number;
}

export const RETRY_POLICY: RetryPolicy = { attempts: 5, pauseMs: 1_000, silenceMs: 30_000 };
const LONGEST_PAUSE_MS = 60_000;
/** Answers about a repository are some kilobytes. */
const LARGEST_ANSWER = 32_000_000;

export interface Hub {
  readonly endpoint: URL;
  readonly token: string | undefined;
  /** What is asked for; named in sentences. */
  readonly id: HubId;
  readonly retryPolicy: RetryPolicy;
  readonly signal?: AbortSignal;
}

/** Trouble that may be over at the next try. */
export class TransientError extends Error {
  /** What the server asks for. */
  readonly pauseMs: number | undefined;
  /** The file ends before the place that was asked for. */
  readonly noSuchRange: boolean;

  constructor(message: string, options: ErrorOptions & { pauseMs?: number; noSuchRange?: boolean } = {}) {
    super(message, options);
    this.pauseMs = options.pauseMs;
    this.noSuchRange = options.noSuchRange ?? false;
  }
}

/**
 * Tries until it works. `work` throws a TransientError for trouble that may pass, and calls `onAdvance` when it has come
 * farther than before: failures are then counted anew. Throws a LabError: network when the policy allows no further try,
 * cancelled, and what `work` throws.
 */
export async function retry<T>(
  { endpoint, retryPolicy, signal }: Hub,
  work: (onAdvance: () => void) => Promise<T>,
): Promise<T> {
  let failures = 0;
  for (;;) {
    throwIfCancelled(signal);
    try {
      return await work(() => (failures = 0));
    } catch (error) {
      throwIfCancelled(signal);
      if (!(error instanceof TransientError)) throw error;
      failures++;
      const pause = error.pauseMs ?? retryPolicy.pauseMs * 2 ** (failures - 1);
      if (failures >= retryPolicy.attempts || pause > LONGEST_PAUSE_MS) {
        const wish = pause > LONGEST_PAUSE_MS ? `wait ${Math.ceil(pause / 1000)} s and try again` : "try again later";
        throw new LabError(
          "network",
          `The hub at ${endpoint.host} ${error.message}: ${wish}. What has been downloaded is kept.`,
          { cause: error.cause },
        );
      }
      await wait(pause, undefined, { signal }).catch(() => undefined);
    }
  }
}

/**
 * Sends a request and gives its answer's body to `read`, which calls `alive` whenever something came. Throws a
 * TransientError, or a LabError (checkpoint, network) for what will not pass.
 */
export async function request<T>(
  hub: Hub,
  url: string | URL,
  init: RequestInit,
  read: (response: Response, alive: () => void) => Promise<T>,
): Promise<T> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), hub.retryPolicy.silenceMs);
  const headers = new Headers(init.headers);
  // The library's own check of tokens knows only one kind; a link may lead to another server.
  if (hub.token && new URL(url).origin === hub.endpoint.origin) headers.set("Authorization", `Bearer ${hub.token}`);
  try {
    const signals = [silence.signal, ...(hub.signal ? [hub.signal] : [])];
    const response = await webFetch(url, { ...init, headers, signal: AbortSignal.any(signals) });
    timer.refresh();
    if (!response.ok) {
      await response.body?.cancel();
      throw refusal(hub, response);
    }
    return await read(response, () => timer.refresh());
  } catch (error) {
    if (error instanceof LabError || error instanceof TransientError) throw error;
    if (silence.signal.aborted) throw new TransientError("has fallen silent");
    throw new TransientError(`broke off or cannot be reached${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** `fetch` for @huggingface/hub's calls, whose answers are small. */
export const fetchFrom = (hub: Hub): typeof fetch =>
  ((url: string | URL, init: RequestInit = {}) =>
    retry(hub, () =>
      request(hub, url, init, async (response, alive) => {
        const parts: Uint8Array[] = [];
        let bytes = 0;
        for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
          alive();
          parts.push(part);
          if ((bytes += part.length) > LARGEST_ANSWER) throw unexpected(hub);
        }
        return new Response(Buffer.concat(parts), { status: response.status, headers: response.headers });
      }),
    )) as typeof fetch;

/** The answer makes no sense. */
export const unexpected = ({ endpoint, id }: Hub): LabError =>
  new LabError(
    "network",
    `What ${endpoint.host} says of ${id.repository} is not what a Hugging Face hub says: is HF_ENDPOINT right?`,
  );

function refusal({ endpoint, token, id }: Hub, { status, headers }: Response): Error {
  const { repository, revision } = id;
  const { host } = endpoint;
  const no = (sentence: string) => new LabError("checkpoint", sentence);
  const closed = (sentence: string) => new LabError("access", sentence);
  const code = headers.get("X-Error-Code");
  if (status === 429 || status === 408 || status >= 500) {
    const what = status === 429 ? "asks for fewer requests (429)" : `has trouble of its own (${status})`;
    return new TransientError(what, { pauseMs: pauseAskedFor(headers) });
  }
  if (status === 416) return new TransientError("does not go on where the download broke off", { noSuchRange: true });
  if (code === "RevisionNotFound") return no(`${repository} has no revision ${revision} on ${host}.`);
  if (code === "GatedRepo" || status === 403) {
    return closed(
      `${repository} is gated on ${host}: ask for access on its page, and use the token of an account that has it.`,
    );
  }
  // A hub does not tell apart, without a token, what is not there and what is not shown.
  if (status === 401) {
    return closed(
      token
        ? `${host} does not accept the Hugging Face token for ${repository}: check the name, and set the token again.`
        : `${host} does not show ${repository}: check the name or, if it is private, set a Hugging Face token.`,
    );
  }
  if (status === 404) {
    return no(`There is no ${repository} on ${host}${code === "EntryNotFound" ? " with such a file" : ""}.`);
  }
  return new LabError("network", `${host} answered ${status} when it was asked for ${repository}.`);
}

/** Retry-After: seconds or a date. */
function pauseAskedFor(headers: Headers): number | undefined {
  const value = headers.get("Retry-After") ?? "";
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** fetch hides the reason one level down. */
function reasonOf(error: unknown): string {
  const code = errorCode(error instanceof Error ? error.cause : undefined) ?? errorCode(error);
  return code ? ` (${code})` : "";
}
