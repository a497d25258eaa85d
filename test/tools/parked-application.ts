/**
 * An application that mails, for the tests of `parked`: `--app` takes it. Each mail is a line in the file MAILS; the file
 * MAILS.trouble says what goes wrong: `refuse`, or `die` after the mail was sent, and before anybody hears of it.
 */

import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { application, CommandRejected, domain, DomainEvent, Reactor, ReactsTo } from "../../src/index.js";
import type { Reaction, RecordedEvent } from "../../src/index.js";

const mails = process.env["MAILS"] ?? "mails";
const trouble = `${mails}.trouble`;

class Ordered extends DomainEvent("shop.Ordered") {}

@Reactor({ name: "mail" })
class Mail {
  @ReactsTo(Ordered)
  mail(_: Ordered, { aggregateId, revision }: RecordedEvent, { idempotencyKey }: Reaction): void {
    const wrong = existsSync(trouble) ? readFileSync(trouble, "utf8") : "";
    if (wrong === "refuse") throw new CommandRejected("No such address.");
    appendFileSync(mails, `${aggregateId} ${revision} ${idempotencyKey}\n`);
    if (wrong !== "die") return;
    rmSync(trouble);
    process.kill(process.pid, "SIGKILL");
  }
}

export default application({ domains: [domain({ name: "mailing", reactors: [Mail] })] });
