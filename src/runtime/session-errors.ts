// From ONNX Runtime's words, which are all it says, to the trouble that they stand for.

import { LabError, messageOf } from "../common/errors.ts";
import { type DeviceName, deviceNamed } from "./devices/devices.ts";

/** ONNX Runtime reports a failed allocation in words only. */
const OUT_OF_MEMORY = /bad_alloc|bad allocation|failed to allocate|out of memory/i;

/**
 * What is said of a card that was reset under a running session, or has no sound state any more: nothing can be computed
 * with it in this process. Dawn's words (two, the second where its instance is gone too), Vulkan's; the numbers of
 * DXGI_ERROR_DEVICE_REMOVED, _HUNG, _RESET and DRIVER_INTERNAL_ERROR, whose words are in Windows' own language; and those
 * of CUDA's errors that stay.
 */
const DEVICE_LOST = [
  /\bdevice\b.{0,40}\blost\b|VK_ERROR_DEVICE_LOST/i,
  /valid external Instance reference no longer exists|Device was destroyed/i,
  /DXGI_ERROR_DEVICE|\b887A00(?:05|06|07|20)\b/i,
  /cudaErrorDevicesUnavailable|CUDA failure (?:46|214|700|702|71[4-9]|999)\b/i,
];

/** Of a graphics driver without WebGPU's feature shader-f16. */
const LACKS_FLOAT16 = /requires f16 but the device does not support it/;

/** ONNX Runtime puts the place in its source and the failed check before the reason. */
const SOURCE_LOCATION = /^\S*onnxruntime_src\S*.* was (?:false|true)\. |\.$/gs;

/** What ONNX Runtime threw when a session was made or run, as a LabError of kind "memory", "device" or "badInput". */
export function sessionError(error: unknown, device: DeviceName): LabError {
  const cause = messageOf(error);
  if (OUT_OF_MEMORY.test(cause)) {
    return new LabError(
      "memory",
      `The network does not fit into memory on ${device}: try fewer restarts, or memory "low".`,
      {
        cause: error,
      },
    );
  }
  if (LACKS_FLOAT16.test(cause)) {
    return new LabError(
      "badInput",
      `The device ${device} does not compute in 16 bits here: use the stored weights, or the device cpu.`,
      { cause: error },
    );
  }
  if (DEVICE_LOST.some((words) => words.test(cause))) {
    return new LabError(
      "device",
      `The graphics device was lost during the run, as happens when its driver is reset (${device}). ` +
        "What was found before is kept; start the run again, or choose the device cpu.",
      { cause: error },
    );
  }
  const reason = cause.trim().replace(SOURCE_LOCATION, "");
  return new LabError("device", `The network cannot run on ${device}: ${reason}. ${deviceNamed(device).help}`, {
    cause: error,
  });
}
