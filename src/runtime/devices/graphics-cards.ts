// The graphics cards that the system knows of, asked in the way of each platform and without any graphics library: a
// driver that hangs cannot hang this.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { withoutTokens } from "../../common/node-process.ts";

export interface GraphicsCard {
  /** "NVIDIA GeForce RTX 4090", or a maker and a number where the system has no name. */
  readonly name: string;
  /** Its kernel driver and version, as far as the system tells. */
  readonly driver?: string;
  /** Bytes of its own memory; none where it shares the processor's or the system does not tell. */
  readonly memory?: { readonly total: number; readonly free: number };
}

const SYSTEM_32 = path.win32.join(process.env.SystemRoot ?? "C:\\Windows", "System32");
/** Where systems have these programs; looked for along PATH, one might come from the folder that is open. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  "nvidia-smi": [
    "/usr/bin/nvidia-smi",
    "/usr/lib/wsl/lib/nvidia-smi",
    "/usr/local/nvidia/bin/nvidia-smi",
    "/run/current-system/sw/bin/nvidia-smi",
    path.win32.join(SYSTEM_32, "nvidia-smi.exe"),
  ],
  "powershell.exe": [path.win32.join(SYSTEM_32, "WindowsPowerShell", "v1.0", "powershell.exe")],
  "system_profiler": ["/usr/sbin/system_profiler"],
};

/** The whole path of a program. Throws an error where there is none. */
function placeOf(program: string): string {
  const found = PLACES[program]?.find((place) => path.isAbsolute(place) && existsSync(place));
  if (found === undefined) throw new Error(`${program} is not there`);
  return found;
}

/** Runs a program of the system, by its whole path, and gives what it wrote; undefined when it is not there, fails, or takes longer than 5 s. */
export type Ask = (program: string, ...parameters: string[]) => Promise<string | undefined>;

export const ask: Ask = async (program, ...parameters) => {
  try {
    const env = withoutTokens(process.env);
    return (await promisify(execFile)(placeOf(program), parameters, { timeout: 5000, windowsHide: true, env })).stdout;
  } catch {
    return undefined;
  }
};

/** The cards of this machine; an empty list means that none was found, never that the question failed. */
export async function graphicsCards(platform: NodeJS.Platform, asking = ask): Promise<GraphicsCard[]> {
  if (platform === "linux") return linuxCards("/", asking);
  if (platform === "win32") return windowsCards(asking);
  return platform === "darwin" ? macCards(asking) : [];
}

/**
 * What changes when cards or their drivers do, read in a moment; "none" where Linux has no device file of a card.
 * Elsewhere the system cannot be asked that quickly, and the mark says nothing.
 */
export async function graphicsMark(platform: NodeJS.Platform, root = "/"): Promise<string> {
  if (platform !== "linux") return "unknown";
  const names = async (folder: string) => (await readdir(path.join(root, folder)).catch(() => [])).sort();
  const files = [
    ...(await names("dev/dri")).filter((name) => name.startsWith("renderD")),
    ...(await names("dev")).filter((name) => /^(?:nvidia\d+|dxg)$/.test(name)),
  ];
  if (files.length === 0) return "none";
  const version = await readFile(path.join(root, "sys/module/nvidia/version"), "utf8").catch(() => "");
  return [...files, version.trim()].join(" ");
}

/** Numbers of the PCI Special Interest Group. */
const MAKERS: Readonly<Record<string, string>> = { "0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel" };
const NVIDIA = "0x10de";

/** Displays of virtual machines that only show pictures: QEMU's, QXL, Cirrus, Hyper-V's, VirtualBox's, Amazon's. */
const PICTURE_ONLY = ["0x1234", "0x1b36", "0x1013", "0x1414", "0x80ee", "0x1d0f"];

/** Looks below `root` for what Linux tells of its PCI devices and device files. */
export async function linuxCards(root: string, asking: Ask): Promise<GraphicsCard[]> {
  const folder = path.join(root, "sys/bus/pci/devices");
  const cards: GraphicsCard[] = [];
  let nvidia = false;
  for (const slot of await readdir(folder).catch(() => [])) {
    const place = path.join(folder, slot);
    const read = (file: string) =>
      readFile(path.join(place, file), "utf8").then(
        (text) => text.trim(),
        () => "",
      );
    if (!(await read("class")).startsWith("0x03")) continue;
    const [vendor, device] = [await read("vendor"), await read("device")];
    if (PICTURE_ONLY.includes(vendor)) continue;
    if (vendor === NVIDIA) {
      nvidia = true;
      continue;
    }
    const driver = await readlink(path.join(place, "driver")).then(
      (place) => path.basename(place),
      () => undefined,
    );
    const [total, used] = [Number(await read("mem_info_vram_total")), Number(await read("mem_info_vram_used"))];
    const name = `${MAKERS[vendor] ?? `Maker ${vendor}`} card ${device.replace(/^0x/, "")}`;
    cards.push({
      name,
      ...(driver && { driver }),
      ...(total > 0 && { memory: { total, free: total - used } }),
    });
  }
  if (nvidia || existsSync(path.join(root, "dev/dxg"))) cards.unshift(...(await nvidiaCards(asking)));
  if (nvidia && cards.length === 0) cards.push({ name: "NVIDIA card without its driver" });
  if (cards.length === 0 && existsSync(path.join(root, "dev/dxg"))) cards.push({ name: "Windows' card, through WSL" });
  const nodes = await readdir(path.join(root, "dev/dri")).catch(() => []);
  if (cards.length === 0 && nodes.some((node) => node.startsWith("renderD")))
    cards.push({ name: "Graphics processor" });
  return cards;
}

/** What `nvidia-smi` lists: name, driver and memory in MiB. */
async function nvidiaCards(asking: Ask): Promise<GraphicsCard[]> {
  const fields = "--query-gpu=name,driver_version,memory.total,memory.free";
  const list = (await asking("nvidia-smi", fields, "--format=csv,noheader,nounits")) ?? "";
  return list.split("\n").flatMap((line) => {
    const [name, version, total, free] = line.split(",").map((field) => field.trim());
    if (!version) return [];
    const [totalBytes, freeBytes] = [Number(total) * 2 ** 20, Number(free) * 2 ** 20];
    return [
      { name, driver: `nvidia ${version}`, ...(totalBytes > 0 && { memory: { total: totalBytes, free: freeBytes } }) },
    ];
  });
}

async function windowsCards(asking: Ask): Promise<GraphicsCard[]> {
  const query = "Get-CimInstance Win32_VideoController | Select-Object Name, DriverVersion | ConvertTo-Json -Compress";
  const cards = parsed(await asking("powershell.exe", "-NoProfile", "-NonInteractive", "-Command", query));
  const nvidia = await nvidiaCards(asking);
  return [cards].flat().flatMap((card) => {
    const { Name: name, DriverVersion: version } = (card ?? {}) as Record<string, unknown>;
    if (typeof name !== "string" || /Basic (Display|Render)|Remote Display|Hyper-V/i.test(name)) return [];
    const told = nvidia.find((known) => known.name === name);
    return [told ?? { name, ...(typeof version === "string" && { driver: version }) }];
  });
}

async function macCards(asking: Ask): Promise<GraphicsCard[]> {
  const report = parsed(await asking("system_profiler", "SPDisplaysDataType", "-json")) as
    { SPDisplaysDataType?: Record<string, unknown>[] } | undefined;
  return (report?.SPDisplaysDataType ?? []).flatMap(({ sppci_model: name }) =>
    typeof name === "string" ? [{ name, driver: "Metal" }] : [],
  );
}

function parsed(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? "");
  } catch {
    return undefined;
  }
}
