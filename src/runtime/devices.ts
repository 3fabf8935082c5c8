// From a device's name to the ONNX Runtime execution providers that serve it, in order of preference.

interface Device {
  readonly providers: readonly string[];
  /** Said when no session can be made on it. */
  readonly help: string;
}

const DEVICES = {
  cpu: { providers: ["cpu"], help: "This is a defect of Inversion Lab; please report it." },
  webgpu: {
    providers: ["webgpu", "cpu"],
    help: "WebGPU needs a graphics driver with Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS); the device cpu always works.",
  },
} as const satisfies Record<string, Device>;

export type DeviceName = keyof typeof DEVICES;
export const DEVICE_NAMES = Object.keys(DEVICES) as readonly DeviceName[];

/** The device that a request means; `auto` is the CPU until devices are tried out before they are chosen. */
export const resolveDevice = (name: DeviceName | "auto"): DeviceName => (name === "auto" ? "cpu" : name);

export const deviceNamed = (name: DeviceName): Device => DEVICES[name];
