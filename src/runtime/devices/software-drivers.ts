// Graphics drivers that compute on the processor. They are right, slow, and nobody asked for them.

import { readFile } from "node:fs/promises";
import process from "node:process";

/** A part of the driver's file name → what it is called. */
const SOFTWARE_DRIVERS = {
  vk_swiftshader: "SwiftShader",
  vulkan_lvp: "Mesa's llvmpipe",
  vulkan_lavapipe: "Mesa's llvmpipe",
  d3d10warp: "Microsoft's WARP",
} as const;

/** Drivers of real cards: with one of them beside it, a software driver is only installed, not in use. */
const CARD_DRIVERS =
  /libvulkan_(?:intel|radeon|nouveau|virtio|asahi|freedreno|panfrost|broadcom)|libGLX_nvidia|libnvidia-/;

/**
 * The software driver that this process has loaded, when it has loaded no other. Told from the process's own map of its
 * files, which Linux alone has: ONNX Runtime does not say which adapter it was given.
 */
export async function loadedSoftwareDriver(): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined;
  return softwareDriverIn(await readFile("/proc/self/maps", "utf8").catch(() => ""));
}

export function softwareDriverIn(maps: string): string | undefined {
  if (CARD_DRIVERS.test(maps)) return undefined;
  const found = Object.entries(SOFTWARE_DRIVERS).find(([part]) => maps.includes(part));
  return found?.[1];
}
