// What devices there are, in words: the same for the terminal and for VS Code.

import os from "node:os";
import { formatBytes } from "../../common/bytes.ts";
import type { DeviceSurvey, TriedDevice } from "./device-choice.ts";
import type { GraphicsCard } from "./graphics-cards.ts";
import { ONNX_RUNTIME_VERSION } from "../onnxruntime-version.ts";

const STATUS: Readonly<Record<TriedDevice["status"], string>> = {
  works: "works",
  slow: "works, slower",
  software: "software",
  wrong: "computes wrong",
  fails: "does not work",
};

export const statusPhrase = ({ status }: TriedDevice): string => STATUS[status];

/** "NVIDIA GeForce RTX 4090 (nvidia 550.54, 24 GB, 23 GB free)" */
export function describeCard({ name, driver, memory }: GraphicsCard): string {
  const facts = [driver, memory && `${formatBytes(memory.total)}, ${formatBytes(memory.free)} free`].filter(Boolean);
  return facts.length > 0 ? `${name} (${facts.join(", ")})` : name;
}

export interface MachineReport {
  readonly processor: string;
  readonly cores: number;
  readonly memory: { readonly total: number; readonly free: number };
  readonly system: string;
  readonly onnxruntime: string;
  readonly node: string;
}

export function machineReport(): MachineReport {
  return {
    processor: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.availableParallelism(),
    memory: { total: os.totalmem(), free: process.availableMemory?.() ?? os.freemem() },
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    onnxruntime: ONNX_RUNTIME_VERSION,
    node: process.versions.node,
  };
}

/** Lines for a person. */
export function describeDevices({ automatic, devices, cards }: DeviceSurvey, machine = machineReport()): string[] {
  const { processor, cores, memory, system, onnxruntime, node } = machine;
  return [
    `${system}, Node ${node}, ONNX Runtime ${onnxruntime}`,
    `Processor ${processor}, ${cores} cores, ${formatBytes(memory.total)} of memory, ${formatBytes(memory.free)} free`,
    ...(cards.length > 0 ? cards.map((card) => `Graphics card ${describeCard(card)}`) : ["No graphics card"]),
    "",
    ...devices.flatMap((tried) => [
      `${tried.device.padEnd(8)}${statusPhrase(tried).padEnd(16)}${tried.reason}`,
      ...(tried.fix ? [`${" ".repeat(24)}${tried.fix}`] : []),
    ]),
    "",
    `The device auto is ${automatic} here.`,
  ];
}
