// One table of what a network can run on: for each device the ONNX Runtime execution providers that serve it, in order of
// preference, and what they ask for; and for each platform the devices that its build of the runtime has, best first.

import { DEVICE_NAMES, type DeviceName } from "../../common/device-names.ts";
import type { FloatType } from "../../common/floats.ts";

export { DEVICE_NAMES, type DeviceName };

interface Device {
  /** What people call it. */
  readonly label: string;
  /** Execution providers; the later ones take what the earlier ones have no kernel for. */
  readonly providers: readonly (string | { readonly name: string; readonly [option: string]: unknown })[];
  /** Further options of a session. */
  readonly session?: Readonly<Record<string, unknown>>;
  /** Environment variables that the provider reads when it is first used. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Number formats in which it has every operator. */
  readonly types: readonly FloatType[];
  /** Does it compute beside the processor, in memory of its own? */
  readonly isCard: boolean;
  /** Said when no session can be made on it. */
  readonly help: string;
}

const DEVICES = {
  cpu: {
    label: "Processor",
    providers: ["cpu"],
    types: ["float32", "float64"],
    isCard: false,
    help: "This is a defect of Inversion Lab; please report it.",
  },
  webgpu: {
    label: "WebGPU",
    providers: ["webgpu", "cpu"],
    types: ["float32"],
    isCard: true,
    help: "WebGPU needs a graphics driver with Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS); the device cpu always works.",
  },
  cuda: {
    label: "CUDA",
    providers: ["cuda", "cpu"],
    // TF32 keeps 10 bits of a mantissa: too few for a gradient that is compared with the CPU's.
    environment: { NVIDIA_TF32_OVERRIDE: "0" },
    types: ["float32"],
    isCard: true,
    help: "CUDA needs an NVIDIA card with its driver, CUDA 12, cuDNN 9, and ONNX Runtime's CUDA libraries: inversion-lab doctor says which is missing.",
  },
  dml: {
    label: "DirectML",
    providers: ["dml", "cpu"],
    // The provider's own conditions.
    session: { enableMemPattern: false, executionMode: "sequential" },
    types: ["float32"],
    isCard: true,
    help: "DirectML needs a graphics card with Direct3D 12 and its current driver; the device cpu always works.",
  },
  coreml: {
    label: "Core ML",
    providers: [{ name: "coreml", onlyAllowStaticInputShape: true }, "cpu"],
    types: ["float32"],
    isCard: true,
    help: "Core ML needs macOS 13 or newer on Apple silicon; the device cpu always works.",
  },
} as const satisfies Record<DeviceName, Device>;

export const deviceNamed = (name: DeviceName): Device => DEVICES[name];

/**
 * The devices that `auto` tries on each platform, in this order, before it takes the CPU. Core ML is for those who ask
 * for it: it computes in 16 bits where it likes.
 */
const AUTOMATIC: Readonly<Record<string, readonly DeviceName[]>> = {
  "linux-x64": ["cuda", "webgpu"],
  "win32-x64": ["webgpu", "dml"],
  "win32-arm64": ["webgpu", "dml"],
  "darwin-arm64": ["webgpu"],
};

/** Devices that are there to be asked for only. */
const ON_REQUEST: Readonly<Record<string, readonly DeviceName[]>> = { "darwin-arm64": ["coreml"] };

/** A platform and an architecture as Node names them. */
export interface Platform {
  readonly platform: string;
  readonly arch: string;
}

const nameOf = ({ platform, arch }: Platform): string => `${platform}-${arch}`;

/** The graphics devices that `auto` may choose, best first. */
export const automaticDevices = (platform: Platform): readonly DeviceName[] => AUTOMATIC[nameOf(platform)] ?? [];

/** Every device that ONNX Runtime was built with for the platform, the CPU last. */
export const devicesOf = (platform: Platform): readonly DeviceName[] => [
  ...automaticDevices(platform),
  ...(ON_REQUEST[nameOf(platform)] ?? []),
  "cpu",
];

/** Where a device exists, as a sentence. */
export function whereDeviceExists(name: DeviceName): string {
  const platforms = [...new Set([...Object.keys(AUTOMATIC), ...Object.keys(ON_REQUEST)])].filter((key) => {
    const [platform, arch] = key.split("-");
    return devicesOf({ platform, arch }).includes(name);
  });
  return `ONNX Runtime has ${deviceNamed(name).label} on ${platforms.join(", ")} only.`;
}
