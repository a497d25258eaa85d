/** Which keys a generation may hold: what was never added is known not to be there, without a look. */

const bitsPerKey = 4;
/** Of what sizes the parts are that keys go to, one after the other: 64 KiB, 1 MiB, 16 MiB. The last takes all that come. */
const sizes = [1 << 14, 1 << 18, 1 << 22] as const;
const wordsPerKey = 2;

/**
 * A Bloom filter (B. H. Bloom, "Space/time trade-offs in hash coding with allowable errors", 1970) that grows with its keys,
 * to 17 MiB. Wrong in one of some hundred questions at ten million keys; each wrong answer costs a look, and nothing else.
 */
export class KeyFilter {
  private readonly parts = [new Uint32Array(sizes[0])];
  /** How many keys the part that grows still takes. */
  private room = sizes[0] / wordsPerKey;

  add(key: string): void {
    if (this.room === 0) this.grow();
    this.room--;
    const bits = this.parts.at(-1)!;
    const hash = hashOf(key);
    const step = stepOf(hash);
    for (let i = 0, bit = hash; i < bitsPerKey; i++, bit = (bit + step) | 0)
      bits[(bit >>> 5) & (bits.length - 1)]! |= 1 << (bit & 31);
  }

  /** False only for what was never added. */
  mayHold(key: string): boolean {
    const hash = hashOf(key);
    const step = stepOf(hash);
    return this.parts.some((bits) => holds(bits, hash, step));
  }

  private grow(): void {
    const size = sizes[this.parts.length]!;
    this.parts.push(new Uint32Array(size));
    this.room = this.parts.length === sizes.length ? Infinity : size / wordsPerKey;
  }
}

function holds(bits: Uint32Array, hash: number, step: number): boolean {
  for (let i = 0, bit = hash; i < bitsPerKey; i++, bit = (bit + step) | 0)
    if ((bits[(bit >>> 5) & (bits.length - 1)]! & (1 << (bit & 31))) === 0) return false;
  return true;
}

/** FNV-1a over UTF-16 code units, then the finalizer of MurmurHash3, so that each bit depends on every unit. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** How far to the next bit: it follows from the part of the hash, too, that the first one leaves out. */
const stepOf = (hash: number): number => Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) | 1;
