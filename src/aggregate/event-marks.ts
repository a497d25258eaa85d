/** What a snapshot keeps of the events that it stands for, so that a command finds out whether it came before. */

/**
 * The first 32 bits of the id of each event, 4 bytes in place of an event. What is not among them did not happen; what is,
 * may have: that is looked up in the stream.
 */
export class EventMarks {
  private constructor(private readonly marks: Uint32Array) {}

  static none(): EventMarks {
    return new EventMarks(new Uint32Array());
  }

  static from(text: string): EventMarks {
    const bytes = Buffer.from(text, "base64");
    // A copy: what Buffer gives may begin at any address.
    return new EventMarks(new Uint32Array(new Uint8Array(bytes).buffer));
  }

  /** These and those of the events with these ids. */
  with(ids: readonly string[]): EventMarks {
    // No event of a command of ours has an id that is no UUID.
    const more = ids.map(markOf).filter((mark) => !Number.isNaN(mark));
    const all = new Uint32Array(this.marks.length + more.length);
    all.set(this.marks);
    all.set(more, this.marks.length);
    return new EventMarks(all);
  }

  /** False when no event has an id that begins so. */
  mayHold(beginningOfId: string): boolean {
    return this.marks.includes(markOf(beginningOfId));
  }

  toString(): string {
    const { buffer, byteOffset, byteLength } = this.marks;
    return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
  }
}

const markOf = (id: string): number => Number.parseInt(id.slice(0, 8), 16);
