// fetch as Node's own but through the proxy that HTTPS_PROXY names, unless NO_PROXY names the host: Node 20 itself knows
// neither.

import process from "node:process";

/** Keeps connections, and so lasts as long as the process. */
let proxied: Promise<typeof fetch> | undefined;

export async function webFetch(url: string | URL, init: RequestInit): Promise<Response> {
  const { env } = process;
  // Plain http goes to this machine alone.
  if (new URL(url).protocol !== "https:" || !(env["https_proxy"] || env["HTTPS_PROXY"])) return fetch(url, init);
  return (await (proxied ??= openProxied()))(url, init);
}

async function openProxied(): Promise<typeof fetch> {
  const undici = await import("undici");
  const dispatcher = new undici.EnvHttpProxyAgent();
  const through = undici.fetch as unknown as (url: string | URL, init: object) => Promise<Response>;
  return ((url: string | URL, init: RequestInit) => through(url, { ...init, dispatcher })) as typeof fetch;
}
