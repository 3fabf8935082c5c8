// ONNX Runtime's CUDA libraries on their way from a NuGet service: whole and with the stated hash, or not at all. The
// service here is a loopback one that answers as nuget.org documents its version 3; the real one was never asked.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { LabError, type LabErrorKind } from "../../../src/common/errors.ts";
import type { Progress } from "../../../src/common/progress.ts";
import {
  checkCudaPlatform,
  CUDA_LIBRARIES,
  type CudaOptions,
  fetchCudaLibraries,
  findCudaPackage,
  restoreCudaLibraries,
  takeCudaLibraries,
} from "../../../src/runtime/devices/cuda-libraries.ts";
import { ONNX_RUNTIME_VERSION } from "../../../src/runtime/onnxruntime-version.ts";
import { temporaryFolders } from "../../support/temporary-folders.ts";

/** A ZIP archive of deflated entries. */
function zip(entries: Readonly<Record<string, Buffer>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(entries)) {
    const packed = deflateRawSync(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from("PK\x03\x04"), common, Buffer.from(name), packed);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at, 10);
    directory.push(Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), common, rest, Buffer.from(name));
    at += 30 + name.length + packed.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(Object.keys(entries).length, 6);
  end.writeUInt32LE(list.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...parts, list, Buffer.from("PK\x05\x06"), end]);
}

const library = (name: string): Buffer => Buffer.from(`\x7fELF${name.repeat(1000)}`, "latin1");
const inPackage = (name: string): string => `runtimes/linux-x64/native/${name}`;
const PACKAGE = zip(
  Object.fromEntries(["LICENSE", ...CUDA_LIBRARIES.map(inPackage)].map((name) => [name, library(name)])),
);

describe("ONNX Runtime's CUDA libraries", () => {
  const folder = temporaryFolders();
  const id = "microsoft.ml.onnxruntime.gpu.linux";
  let server: Server;
  let index: string;
  let served: { version: string; bytes: Buffer; hash: string };

  before(async () => {
    server = createServer((request, response) => {
      const base = `http://${request.headers.host}`;
      const { version, bytes, hash } = served;
      const answers: Record<string, unknown> = {
        "/v3/index.json": {
          resources: [
            { "@type": "PackageBaseAddress/3.0.0", "@id": `${base}/flat/` },
            { "@type": "RegistrationsBaseUrl/3.6.0", "@id": `${base}/registration/` },
          ],
        },
        [`/registration/${id}/${version}.json`]: { catalogEntry: `${base}/catalog/entry.json` },
        "/catalog/entry.json": { packageHash: hash, packageHashAlgorithm: "SHA512", packageSize: PACKAGE.length },
      };
      if (request.url === `/flat/${id}/${version}/${id}.${version}.nupkg`) return response.end(bytes);
      const answer = answers[request.url ?? ""];
      response.statusCode = answer ? 200 : 404;
      response.end(answer ? JSON.stringify(answer) : "");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    index = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v3/index.json`;
  });
  after(() => server.close());

  beforeEach(() => {
    served = {
      version: ONNX_RUNTIME_VERSION,
      bytes: PACKAGE,
      hash: createHash("sha512").update(PACKAGE).digest("base64"),
    };
  });

  const options = async (): Promise<CudaOptions> => ({
    cacheFolder: await folder(),
    runtimeFolder: await folder(),
    index,
  });
  const isError = (kind: LabErrorKind, message: RegExp) => (error: unknown) =>
    error instanceof LabError && error.kind === kind && message.test(error.message);
  const assertPlaced = async (place: string) => {
    for (const name of CUDA_LIBRARIES) {
      assert.deepEqual(await readFile(path.join(place, name)), library(inPackage(name)), name);
    }
    assert.deepEqual((await readdir(place)).toSorted(), [...CUDA_LIBRARIES].toSorted(), "and nothing else");
  };

  it("come beside the runtime, of exactly its version, with progress", async () => {
    const progress: Progress[] = [];
    const all = { ...(await options()), onProgress: (step: Progress) => progress.push(step) };
    const found = await findCudaPackage(all);
    assert.deepEqual(found.version, ONNX_RUNTIME_VERSION);
    await fetchCudaLibraries(found, all);
    await assertPlaced(all.runtimeFolder);
    assert.ok(progress.some(({ done, total }) => done === total && total === PACKAGE.length));
  });

  it("are put back beside a runtime that was replaced", async () => {
    const all = await options();
    await fetchCudaLibraries(await findCudaPackage(all), all);
    const fresh = await folder();
    await restoreCudaLibraries({ ...all, runtimeFolder: fresh });
    await assertPlaced(fresh);
    const empty = await folder();
    await restoreCudaLibraries({ cacheFolder: empty, runtimeFolder: empty });
    assert.deepEqual(await readdir(empty), []);
  });

  it("are not put back from a cache where a bit is wrong, or that says nothing of them", async () => {
    for (const damage of ["bit", "digests"]) {
      const all = await options();
      await fetchCudaLibraries(await findCudaPackage(all), all);
      const kept = path.join(all.cacheFolder, `onnxruntime-cuda-${ONNX_RUNTIME_VERSION}`);
      const file = path.join(kept, CUDA_LIBRARIES[1]);
      if (damage === "digests") await rm(path.join(kept, "sha512.json"));
      else {
        const bytes = await readFile(file);
        bytes[100] ^= 1;
        await writeFile(file, bytes);
      }
      const fresh = await folder();
      await restoreCudaLibraries({ ...all, runtimeFolder: fresh });
      assert.deepEqual(await readdir(fresh), [], damage);
    }
  });

  it("are refused when more comes than was stated, and answers that do not end are given up", async () => {
    const all = await options();
    const found = await findCudaPackage(all);
    served = { ...served, bytes: Buffer.concat([PACKAGE, Buffer.alloc(10)]) };
    await assert.rejects(fetchCudaLibraries(found, all), isError("network", /sends more than NuGet states/));
    assert.deepEqual([...(await readdir(all.cacheFolder)), ...(await readdir(all.runtimeFolder))], []);
    const endless = createServer((_, response) => {
      const more = (): void => void (response.destroyed || response.write(Buffer.alloc(1 << 20, " "), more));
      more();
    });
    await new Promise<void>((resolve) => endless.listen(0, "127.0.0.1", resolve));
    try {
      const place = `http://127.0.0.1:${(endless.address() as AddressInfo).port}/`;
      await assert.rejects(findCudaPackage({ index: place }), isError("network", /does not end/));
    } finally {
      endless.closeAllConnections();
      endless.close();
    }
  });

  it("leave nothing behind when one byte is wrong, when they break off, and when they are stopped", async () => {
    const all = await options();
    const found = await findCudaPackage(all);
    const nothing = async () =>
      assert.deepEqual([...(await readdir(all.cacheFolder)), ...(await readdir(all.runtimeFolder))], []);
    served = { ...served, bytes: Buffer.from(PACKAGE).fill(1, 100, 101) };
    await assert.rejects(fetchCudaLibraries(found, all), isError("network", /does not have the SHA-512/));
    await nothing();
    served = { ...served, bytes: PACKAGE.subarray(0, 500) };
    await assert.rejects(fetchCudaLibraries(found, all), isError("network", /does not have the SHA-512/));
    await nothing();
    const stopped = { ...all, signal: AbortSignal.abort() };
    await assert.rejects(fetchCudaLibraries(found, stopped), isError("cancelled", /stopped/));
    await nothing();
  });

  it("are refused with a sentence when the service lacks the version or is not there", async () => {
    served = { ...served, version: "0.0.1" };
    await assert.rejects(findCudaPackage({ index }), isError("network", /answered 404/));
    await assert.rejects(
      findCudaPackage({ index: "http://127.0.0.1:9/" }),
      isError("network", /127\.0\.0\.1:9 cannot be read/),
    );
  });

  it("are refused when the package has them not", async () => {
    const bytes = zip({ LICENSE: Buffer.from("MIT") });
    served = { ...served, bytes, hash: createHash("sha512").update(bytes).digest("base64") };
    const all = await options();
    await assert.rejects(
      fetchCudaLibraries(await findCudaPackage(all), all),
      isError("storage", /it has no runtimes\/linux-x64\/native\/libonnxruntime_providers_shared\.so/),
    );
  });

  it("are taken from a folder that has both, and from no other", async () => {
    const [all, from] = [await options(), await folder()];
    await assert.rejects(takeCudaLibraries(from, all), isError("badInput", /does not have it/));
    for (const name of CUDA_LIBRARIES) await writeFile(path.join(from, name), "text");
    await assert.rejects(takeCudaLibraries(from, all), isError("badInput", /is not a library for Linux/));
    for (const name of CUDA_LIBRARIES) await writeFile(path.join(from, name), library(inPackage(name)));
    await takeCudaLibraries(from, all);
    await assertPlaced(all.runtimeFolder);
  });

  it("are for Linux on x64", () => {
    assert.throws(() => checkCudaPlatform({ platform: "darwin", arch: "arm64" }), isError("device", /linux-x64 only/));
  });
});
