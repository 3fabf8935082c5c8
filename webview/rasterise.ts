// From an SVG to a PNG: the browser draws it on a canvas.

/** Pixels of the PNG for a unit of the SVG: sharp in print. */
const SCALE = 2;

/** The PNG in base64. Throws when the SVG cannot be drawn. */
export async function rasterise(svg: string): Promise<string> {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = SCALE * image.naturalWidth;
  canvas.height = SCALE * image.naturalHeight;
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png").replace(/^data:[^,]*,/, "");
}
