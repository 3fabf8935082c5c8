// Downloads go through the proxy that the environment names, and around it to the hosts that it excepts.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { webFetch } from "../../src/common/web-fetch.ts";

describe("a download", () => {
  const NAMES = ["HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"];
  const before = Object.fromEntries(NAMES.map((name) => [name, process.env[name]]));
  beforeEach(() => NAMES.forEach((name) => delete process.env[name]));
  after(() => {
    for (const name of NAMES) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });

  it("over https asks the proxy of HTTPS_PROXY, but for hosts of NO_PROXY and over plain http", async () => {
    const asked: string[] = [];
    const server = createServer((_, response) => response.end("plain"));
    server.on("connect", (request, socket) => {
      asked.push(request.url!);
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      process.env["HTTPS_PROXY"] = `http://${address}`;
      await assert.rejects(webFetch("https://hub.invalid/a", {}), TypeError);
      assert.deepEqual(asked, ["hub.invalid:443"]);
      process.env["NO_PROXY"] = "hub.invalid";
      await assert.rejects(webFetch("https://hub.invalid/a", {}), TypeError);
      await assert.rejects(webFetch("https://other.invalid/a", {}), TypeError);
      assert.deepEqual(asked, ["hub.invalid:443", "other.invalid:443"]);
      assert.equal(await (await webFetch(`http://${address}/`, {})).text(), "plain");
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
