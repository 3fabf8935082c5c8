// Where the hub and its cache are for this person: Hugging Face's own environment variables, with the same meaning as in
// its Python library. https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables

import path from "node:path";
import { LabError } from "../../common/errors.ts";
import { readPlainText } from "../../common/plain-file.ts";

export interface HubSettings {
  /** Origin and path, without a slash at its end. */
  readonly endpoint: string;
  /** Folder of `models--OWNER--NAME` folders. */
  readonly cacheFolder: string;
  /** Sent to the hub, and nowhere else; never shown. */
  readonly token?: string;
  /** Where the token is when none is given: what `hf auth login` writes. */
  readonly tokenFile?: string;
  /** Never ask the hub. */
  readonly offline: boolean;
}

const LARGEST_TOKEN = 64 * 1024;
const HUB = "https://huggingface.co";

/** Reads HF_ENDPOINT, HF_HUB_CACHE, HF_HOME, HF_TOKEN, HF_HUB_OFFLINE and what these fall back to. */
export function hubSettings(env: NodeJS.ProcessEnv, platform: NodeJS.Platform, home: string): HubSettings {
  const paths = platform === "win32" ? path.win32 : path.posix;
  const folder = (name: string): string | undefined => {
    const value = env[name];
    return value ? paths.resolve(value.replace(/^~(?=$|[\\/])/, home)) : undefined;
  };
  const hubHome =
    folder("HF_HOME") ?? paths.join(folder("XDG_CACHE_HOME") ?? paths.join(home, ".cache"), "huggingface");
  const token = (env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN)?.trim();
  return {
    endpoint: (env.HF_ENDPOINT || HUB).replace(/\/+$/, ""),
    cacheFolder: folder("HF_HUB_CACHE") ?? folder("HUGGINGFACE_HUB_CACHE") ?? paths.join(hubHome, "hub"),
    ...(token && { token }),
    ...(!isSet(env.HF_HUB_DISABLE_IMPLICIT_TOKEN) && {
      tokenFile: folder("HF_TOKEN_PATH") ?? paths.join(hubHome, "token"),
    }),
    offline: isSet(env.HF_HUB_OFFLINE) || isSet(env.TRANSFORMERS_OFFLINE),
  };
}

/** What the Python library takes for true. */
const isSet = (value: string | undefined): boolean => /^(1|on|yes|true)$/i.test(value ?? "");

/** The token to send, if there is any. Throws a LabError (badInput) for one that no header can carry. */
export async function hubToken({ token, tokenFile }: HubSettings): Promise<string | undefined> {
  const found = token ?? (tokenFile ? await readPlainText(tokenFile, LARGEST_TOKEN).catch(() => "") : "").trim();
  if (!found) return undefined;
  if (/^[\x21-\x7e]+$/.test(found)) return found;
  throw new LabError("badInput", "The Hugging Face token has characters that no token has: set it again.");
}

const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/;

/**
 * Throws a LabError (badInput) unless the endpoint is the address of a server, and a plain one only of this machine: a
 * token would be read on its way. What it holds is not repeated.
 */
export function checkedEndpoint({ endpoint }: HubSettings): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol === "http:" && !LOOPBACK.test(url.hostname)) {
    throw new LabError(
      "badInput",
      "HF_ENDPOINT is a plain http address of another machine: it is to begin with https.",
    );
  }
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) return url;
  throw new LabError(
    "badInput",
    "HF_ENDPOINT is not the address of a hub: it is to look like https://huggingface.co, without user and password.",
  );
}
