/** The text of a file, gzipped or not, piece by piece. */

import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { TextDecoder } from "node:util";
import { createGunzip } from "node:zlib";

const chunkSize = 256 * 1024;

/** The file's bytes are not what their envelope promises: cut off, damaged, or in no known encoding. */
export class UnreadableText extends Error {}

/** Gzip is told by its first two bytes, the encoding by a byte order mark or the XML declaration. @throws UnreadableText */
export async function* textOfFile(file: string, onBytes: (soFar: number) => void): AsyncGenerator<string> {
  const bytes = createReadStream(file, { highWaterMark: chunkSize });
  let chunks: AsyncIterable<Buffer> = bytes;
  if (await isGzip(file)) {
    const unzipped = createGunzip({ chunkSize });
    // pipeline, not pipe: it carries the errors of the file over and closes both ends. They surface in the loop below.
    pipeline(bytes, unzipped, () => {});
    chunks = unzipped;
  }
  try {
    let decoder: TextDecoder | undefined;
    for await (const chunk of chunks) {
      decoder ??= new TextDecoder(encodingOf(chunk), { fatal: true });
      yield decoder.decode(chunk, { stream: true });
      onBytes(bytes.bytesRead);
    }
    yield decoder?.decode() ?? "";
  } catch (error) {
    throw inPlainWords(error);
  } finally {
    bytes.destroy();
  }
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

function encodingOf(start: Buffer): string {
  if (start[0] === 0xff && start[1] === 0xfe) return "utf-16le";
  if (start[0] === 0xfe && start[1] === 0xff) return "utf-16be";
  return /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([^"']+)["']/.exec(start.toString("latin1", 0, 200))?.[1] ?? "utf-8";
}

function inPlainWords(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "Z_BUF_ERROR") return new UnreadableText("the gzip data ends too early: the file is cut off");
  if (code.startsWith("Z_")) return new UnreadableText(`the gzip data is damaged (${(error as Error).message})`);
  if (code.startsWith("ERR_ENCODING"))
    return new UnreadableText(`the text is damaged or in another encoding (${(error as Error).message})`);
  return error;
}
