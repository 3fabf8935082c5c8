// The throw-away process in which one device is tried out: forked with the device's name, it tells its parent what came
// of it and ends. A driver that crashes or hangs takes only this process along.

import process from "node:process";
import { messageOf } from "../../common/errors.ts";
import type { DeviceName } from "./devices.ts";
import { tryDevice } from "./device-trial.ts";
import type { TrialMessage } from "./device-choice.ts";

const device = process.argv[2] as DeviceName;
void tryDevice(device)
  .then(
    (measured): TrialMessage => ({ works: true, ...measured }),
    (error: unknown): TrialMessage => ({ works: false, reason: messageOf(error) }),
  )
  .then((message) => process.send?.(message, undefined, undefined, () => process.exit()));
