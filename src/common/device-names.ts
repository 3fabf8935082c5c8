// What a network can run on, by name: forms and flags list the names without loading a runtime.

export const DEVICE_NAMES = ["cpu", "webgpu", "cuda", "dml", "coreml"] as const;
export type DeviceName = (typeof DEVICE_NAMES)[number];
