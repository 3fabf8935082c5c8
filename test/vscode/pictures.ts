// Looks at pictures: a browser decodes them.

import { readFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { until } from "./until.ts";

export interface Picture {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and alpha of the upper left pixel, 0…255. */
  readonly corner: readonly number[];
  /** Share of the pixels that differ from that one. */
  readonly drawn: number;
}

/** A PNG that is being written, or was. */
export async function readPicture(browser: Browser, file: string): Promise<Picture> {
  const content = await readWhole(file, (bytes) => bytes.includes("IEND")); // the name of its last part
  const source = `data:image/png;base64,${content.toString("base64")}`;
  const page = await browser.newPage();
  try {
    return await page.evaluate<Picture>(`(${LOOK})(${JSON.stringify(source)})`);
  } finally {
    await page.close();
  }
}

/** Runs in the browser, whose globals Node does not know. */
const LOOK = `async (source) => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const { naturalWidth: width, naturalHeight: height } = image;
  const drawing = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
  drawing.drawImage(image, 0, 0);
  const { data } = drawing.getImageData(0, 0, width, height);
  const pixels = new Uint32Array(data.buffer);
  const drawn = pixels.reduce((count, pixel) => count + Number(pixel !== pixels[0]), 0) / pixels.length;
  return { width, height, corner: [...data.subarray(0, 4)], drawn };
}`;

/** A file that VS Code is about to write. */
export async function readWhole(file: string, isWhole: (content: Buffer) => boolean): Promise<Buffer> {
  let content = Buffer.alloc(0);
  await until(`${file} is written`, async () => {
    content = await readFile(file).catch(() => content);
    return isWhole(content);
  });
  return content;
}
