/** What tests of the import share: a folder, a store in memory, and an import into it, new for each test. */

import { expect } from "chai";
import { InvalidImport } from "../../src/errors.js";
import { MemoryEventStore } from "../../src/store/index.js";
import { importXes, type ImportOptions, type ImportResult } from "../../tools/import/import-xes.js";
import { contentOf, temporaryFolder } from "./xes-file.js";

type Options = Partial<ImportOptions>;

export class Importing {
  folder = temporaryFolder();
  store = new MemoryEventStore();

  write(content: string | Uint8Array): string {
    return this.folder.write("log.xes", content);
  }

  load(content: string | Uint8Array, options: Options = {}): Promise<ImportResult> {
    return importXes({ file: this.write(content), category: "loan", store: this.store, ...options } as ImportOptions);
  }

  /** What the import of `content` rejects with. */
  async failureOf(content: string | Uint8Array, options: Options = {}): Promise<unknown> {
    return this.load(content, options).then(
      () => expect.fail("the import went through"),
      (thrown: unknown) => thrown,
    );
  }

  /** The problems for which `content` is refused, with nothing appended. */
  async problemsOf(content: string | Uint8Array, options: Options = {}): Promise<InvalidImport> {
    const error = await this.failureOf(content, options);
    expect(error).to.be.instanceOf(InvalidImport);
    expect(await this.store.head(), "something was appended").to.equal(undefined);
    return error as InvalidImport;
  }

  async typesInOrder(): Promise<string[]> {
    return (await contentOf(this.store)).map(({ stream, type }) => `${stream} ${type}`);
  }
}

/** To be called inside of `describe`. */
export function importing(): Importing {
  const to = new Importing();
  to.folder.remove();
  beforeEach(() => {
    to.folder = temporaryFolder();
    to.store = new MemoryEventStore();
  });
  afterEach(() => to.folder.remove());
  return to;
}
