/** Import of the real log, next to the time that unzipping and parsing its XML takes. */

import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { SaxesParser } from "saxes";
import { openSqliteEventStore } from "../../src/index.js";
import { importXes } from "../import/import-xes.js";
import { interleaved, peakMiB, rate } from "./measure.js";
import type { Part } from "./part.js";

/** Where the log of the BPI Challenge 2012 lies (doi:10.4121/uuid:3926db30-f712-4394-aebc-75976070e91f). */
const file = () => join(process.env["ROLLCALL_DATA"] ?? "../shared/data", "bpic2012.xes.gz");

/** The file of the real log; `undefined`, and a word about it, where it is not there. */
export function realLog(leftOut: string): string | undefined {
  if (existsSync(file())) return file();
  process.stderr.write(`The real log is not at ${file()}: ${leftOut} is left out. Name its folder by ROLLCALL_DATA.\n`);
  return undefined;
}

export const importPart: Part = {
  name: "import",
  title: "import of the real log",
  run: async ({ folder, runs }) => {
    const file = realLog("import");
    if (!file) return [];
    const events = 262_200;
    let run = 0;
    const figures = await interleaved(runs, {
      import: async () => {
        const store = await openSqliteEventStore({ file: join(folder, `import-${run++}.sqlite`) });
        const figure = await rate(events, () => importXes({ file, store, category: "loan" }));
        await store.close();
        return figure;
      },
      parse: () => rate(events, () => parseAlone(file)),
    });
    return [
      {
        figure: `import of the real log, ${events.toLocaleString("en")} events, both passes`,
        unit: "events/s",
        ...figures.import,
        floor: { what: "unzipping and parsing its XML", ...figures.parse },
        peakMiB: peakMiB(),
      },
    ];
  },
};

async function parseAlone(file: string): Promise<void> {
  const parser = new SaxesParser();
  let elements = 0;
  parser.on("opentag", () => elements++);
  const text = createReadStream(file).pipe(createGunzip()).setEncoding("utf8");
  for await (const chunk of text) parser.write(chunk as string);
  parser.close();
}
