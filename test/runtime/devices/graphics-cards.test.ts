// The cards that a system lists, read from made-up systems.

import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Ask, graphicsCards, graphicsMark, linuxCards } from "../../../src/runtime/devices/graphics-cards.ts";
import { softwareDriverIn } from "../../../src/runtime/devices/software-drivers.ts";
import { temporaryFolders } from "../../support/temporary-folders.ts";

const nobody: Ask = async () => undefined;

describe("graphics cards", () => {
  const folder = temporaryFolders();

  async function linux(devices: Record<string, string>[]): Promise<string> {
    const root = await folder();
    for (const [slot, { driver, ...files }] of devices.entries()) {
      const place = path.join(root, "sys/bus/pci/devices", `0000:00:0${slot}.0`);
      await mkdir(place, { recursive: true });
      for (const [name, text] of Object.entries(files)) await writeFile(path.join(place, name), `${text}\n`);
      if (driver) await symlink(`../../drivers/${driver}`, path.join(place, "driver"));
    }
    return root;
  }

  it("of Linux are those that can compute, with their own memory", async () => {
    const root = await linux([
      { class: "0x020000", vendor: "0x8086", device: "0x1000" },
      { class: "0x030000", vendor: "0x1234", device: "0x1111" },
      {
        class: "0x030000",
        vendor: "0x1002",
        device: "0x744c",
        mem_info_vram_total: "24000000000",
        mem_info_vram_used: "1000000000",
        driver: "amdgpu",
      },
    ]);
    const memory = { total: 24e9, free: 23e9 };
    assert.deepEqual(await linuxCards(root, nobody), [{ name: "AMD card 744c", driver: "amdgpu", memory }]);
  });

  it("of NVIDIA are as nvidia-smi tells, or without their driver", async () => {
    const root = await linux([{ class: "0x030200", vendor: "0x10de", device: "0x2684" }]);
    const smi: Ask = async () => "NVIDIA GeForce RTX 4090, 550.54.14, 24564, 24000\n";
    const memory = { total: 24564 * 2 ** 20, free: 24000 * 2 ** 20 };
    const card = { name: "NVIDIA GeForce RTX 4090", driver: "nvidia 550.54.14", memory };
    assert.deepEqual(await linuxCards(root, smi), [card]);
    assert.deepEqual(await linuxCards(root, nobody), [{ name: "NVIDIA card without its driver" }]);
  });

  it("of Windows and macOS are as the system's own reports tell", async () => {
    const windows: Ask = async (program) =>
      program === "powershell.exe"
        ? '[{"Name":"Microsoft Basic Display Adapter","DriverVersion":"10.0"},{"Name":"Intel(R) Arc(TM)","DriverVersion":"32.0.101"}]'
        : undefined;
    assert.deepEqual(await graphicsCards("win32", windows), [{ name: "Intel(R) Arc(TM)", driver: "32.0.101" }]);
    const mac: Ask = async () => '{"SPDisplaysDataType":[{"sppci_model":"Apple M3"}]}';
    assert.deepEqual(await graphicsCards("darwin", mac), [{ name: "Apple M3", driver: "Metal" }]);
    assert.deepEqual(await graphicsCards("darwin", async () => "not JSON"), []);
  });

  it("leave a mark that changes with them", async () => {
    const root = await folder();
    assert.equal(await graphicsMark("linux", root), "none");
    await mkdir(path.join(root, "dev/dri"), { recursive: true });
    await writeFile(path.join(root, "dev/dri/renderD128"), "");
    assert.equal(await graphicsMark("linux", root), "renderD128 ");
  });

  it("are told from software drivers by the files that the process has loaded", () => {
    const map = (file: string) => `7f00-7f01 r-xp 00000000 00:00 0 /usr/lib/${file}\n`;
    assert.equal(softwareDriverIn(map("chromium/libvk_swiftshader.so")), "SwiftShader");
    assert.equal(softwareDriverIn(map("x86_64-linux-gnu/libvulkan_lvp.so")), "Mesa's llvmpipe");
    assert.equal(softwareDriverIn(map("libvulkan_lvp.so") + map("libvulkan_radeon.so")), undefined);
    assert.equal(softwareDriverIn(map("libvulkan.so.1")), undefined);
  });
});
