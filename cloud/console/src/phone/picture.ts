/** A photograph drawn anew: smaller, and without the notes (place, time, device) that a camera writes into its file. */
const LONGEST = 1600;
const QUALITY = 0.82;

/** A JPEG of at most 1600 px; throws for a file that is no picture. */
export async function redrawn(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const pen = canvas.getContext("2d");
  if (pen === null) throw new Error("no canvas");
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((made) => (made === null ? reject(new Error("no picture")) : resolve(made)), "image/jpeg", QUALITY);
  });
}
