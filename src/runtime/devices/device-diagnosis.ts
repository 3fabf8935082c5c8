// Why a device does not work, and what to do about it, from the words of its driver.

import type { DeviceName } from "./devices.ts";
import { deviceNamed } from "./devices.ts";
import type { GraphicsCard } from "./graphics-cards.ts";

export interface Diagnosis {
  readonly reason: string;
  readonly fix?: string;
}

/** The first whose words are in the error or the log is the one. */
type Rule = readonly [words: RegExp, diagnosis: (match: RegExpExecArray, cards: readonly GraphicsCard[]) => Diagnosis];

/** How the doctor's command that fetches ONNX Runtime's CUDA libraries is called. */
export const CUDA_COMMAND = "inversion-lab doctor --cuda fetch";

const NO_CARD: Diagnosis = {
  reason: "No graphics card was found.",
  fix: "Nothing needs to be done: the processor computes the same.",
};

const hasNvidia = (cards: readonly GraphicsCard[]): boolean => cards.some(({ name }) => name.includes("NVIDIA"));

const CUDA_RULES: readonly Rule[] = [
  [
    /libonnxruntime_providers_(?:shared|cuda)\.so: cannot open shared object file/,
    (_, cards) =>
      hasNvidia(cards)
        ? { reason: "ONNX Runtime's CUDA libraries are not here.", fix: `Fetch them with ${CUDA_COMMAND}.` }
        : { reason: "No NVIDIA card was found, and ONNX Runtime's CUDA libraries are not here." },
  ],
  [
    /(libcudnn\S*?\.so\S*?): cannot open shared object file/,
    ([, file]) => ({
      reason: `cuDNN 9 is missing (${file}).`,
      fix: "Install cuDNN 9 for CUDA 12 (NVIDIA's package cudnn9-cuda-12), or put its folder on LD_LIBRARY_PATH.",
    }),
  ],
  [
    /(lib(?:cudart|cublas|cublasLt|cufft|curand|nvrtc|nvJitLink)\S*?\.so\S*?): cannot open shared object file/,
    ([, file]) => ({
      reason: `CUDA 12's runtime is missing (${file}).`,
      fix: "Install CUDA 12 (NVIDIA's package cuda-libraries-12-9 is enough), or put its folder on LD_LIBRARY_PATH.",
    }),
  ],
  [
    /(libcuda\.so\S*?): cannot open shared object file/,
    () => ({
      reason: "NVIDIA's driver is not installed.",
      fix: "Install NVIDIA's driver, 525 or newer.",
    }),
  ],
  [
    /driver version is insufficient|CUDA_ERROR_SYSTEM_DRIVER_MISMATCH|CUDA failure (?:35|803)\b/,
    () => ({
      reason: "NVIDIA's driver is too old for CUDA 12.",
      fix: "Update NVIDIA's driver to 525 or newer.",
    }),
  ],
  [
    /no CUDA-capable device|CUDA failure 100\b/,
    () => ({
      reason: "No NVIDIA card can be used.",
      fix: "See whether nvidia-smi lists the card, and whether CUDA_VISIBLE_DEVICES hides it.",
    }),
  ],
  [
    /no kernel image is available|CUDA failure 209\b/,
    () => ({
      reason: "The card is too old for ONNX Runtime's CUDA build.",
      fix: "Use the device webgpu or cpu.",
    }),
  ],
];

const WEBGPU_RULES: readonly Rule[] = [
  [
    /libvulkan\.so\S*?: cannot open shared object file|Couldn't load \S*vulkan/i,
    (_, cards) =>
      cards.length > 0
        ? {
            reason: "Vulkan's loader is missing.",
            fix: "Install it (Debian and Ubuntu: libvulkan1; Fedora: vulkan-loader).",
          }
        : NO_CARD,
  ],
  [
    /No supported adapters|Failed to get a WebGPU adapter/,
    (_, cards) => {
      const [card] = cards;
      if (!card) return NO_CARD;
      return {
        reason: `${card.name} has no driver that WebGPU can use.`,
        fix: hasNvidia(cards)
          ? "Install NVIDIA's driver with its Vulkan part."
          : "Update the graphics driver (Debian and Ubuntu: mesa-vulkan-drivers; Fedora: mesa-vulkan-drivers).",
      };
    },
  ],
];

const RULES: Partial<Record<DeviceName, readonly Rule[]>> = { cuda: CUDA_RULES, webgpu: WEBGPU_RULES };

/** `error` is what the trial said, `log` what its process wrote. */
export function diagnose(device: DeviceName, error: string, log: string, cards: readonly GraphicsCard[]): Diagnosis {
  for (const [words, diagnosis] of RULES[device] ?? []) {
    const match = words.exec(error) ?? words.exec(log);
    if (match) return diagnosis(match, cards);
  }
  if (cards.length === 0 && deviceNamed(device).isCard) return NO_CARD;
  return { reason: error, ...(error.includes(deviceNamed(device).help) ? {} : { fix: deviceNamed(device).help }) };
}
