/** Pages of a log, from its packed copy as far as that reaches, and from the log itself beyond. */

import type { EventFilter } from "../event-store.js";
import type { HowToRead, LogPart, PageSource, Part } from "../paged-event-store.js";
import type { PackedCopy } from "./packed-copy.js";
import { pack, PackedPage, type RestOfPage } from "./packed-page.js";
import { scanSize, StoredMetadata, type PageReader } from "./page-reader.js";

/** Events of a packed page: more of them share what is said once, and more are read in vain. */
const packedSize = 512;
/** Where their data has more bytes than this, a page has fewer: to pack it would hold up the process. */
const mostData = 2 * 1024 * 1024;
const fewer = 32;
/** The copy goes on while one event of so many is wanted; it takes less time to pass over the others in the log. */
const mostPerWanted = 4;

/** A `PageSource` that never knows more than its log: the copy holds whole pages of what is committed. */
export class PackedSource implements PageSource {
  constructor(
    private readonly log: PageReader,
    private readonly copy: PackedCopy | undefined,
  ) {}

  head(): number {
    return this.log.head();
  }

  logPart(after: number, last: number, filter: EventFilter | undefined, how: HowToRead = {}): LogPart {
    const { log, copy } = this;
    if (copy && last - after >= packedSize) {
      if (how.repeatedly) this.extend(copy, after, filter);
      const part = this.packedPart(copy, after, last, filter, how);
      if (part) return part;
    }
    return log.logPart(after, last, filter, how);
  }

  streamPart(streamName: string, direction: "forwards" | "backwards", from: number, limit: number): Part {
    return this.log.streamPart(streamName, direction, from, limit);
  }

  correlationPart(correlationId: string, after: number): Part {
    return this.log.correlationPart(correlationId, after);
  }

  close(): void {
    this.copy?.close();
  }

  /** Adds the next page to a copy that ends where the read has come to, when it is wanted. */
  private extend(copy: PackedCopy, after: number, filter: EventFilter | undefined): void {
    if (!copy.endsAt(after)) return;
    const [wanted, bytes] = this.log.survey(after, after + packedSize, filter);
    if (wanted * mostPerWanted < packedSize) return;
    const { row, apart } = this.log.rowAfter(after, bytes > mostData ? fewer : packedSize);
    const page = pack(row, apart);
    if (page) copy.add(page);
  }

  /** Of as many pages as it takes to find some events, within the bounds of one step. */
  private packedPart(
    copy: PackedCopy,
    after: number,
    last: number,
    filter: EventFilter | undefined,
    { part }: HowToRead,
  ): LogPart | undefined {
    let through = after;
    const events = [];
    while (events.length === 0 && through < Math.min(last, after + scanSize)) {
      const stored = copy.pageAt(through + 1);
      if (!stored || stored.last > last) break;
      const { first, head } = stored;
      const rest = new RestInLog(this.log, first, stored.last);
      try {
        const page = new PackedPage(first, head, rest, (error) => copy.giveUp(error));
        events.push(...page.events(through, filter, part, stored.contents));
      } catch (error) {
        copy.giveUp(error);
        break;
      }
      through = stored.last;
    }
    return through === after ? undefined : { events, through };
  }
}

/** What is asked of the log about the events from position `first` to `last`: of all when one is first asked. */
class RestInLog implements RestOfPage {
  private readonly stored: StoredMetadata;
  private idsAndRevisions: readonly [string, number][] | undefined;

  constructor(
    private readonly log: PageReader,
    private readonly first: number,
    private readonly last: number,
  ) {
    const positions = () => `[${Array.from({ length: last - first + 1 }, (_, i) => first + i).join()}]`;
    this.stored = new StoredMetadata(log, positions);
  }

  data(index: number): unknown {
    return this.log.dataAt(this.first + index);
  }

  metadata(index: number): string | Uint8Array | undefined {
    return this.stored.at(index);
  }

  id(index: number): string {
    return this.names()[index]![0];
  }

  revision(index: number): number {
    return this.names()[index]![1];
  }

  private names(): readonly [string, number][] {
    return (this.idsAndRevisions ??= this.log.idsAndRevisionsOf(this.first, this.last));
  }
}
