/** A sequence over an imported log that nobody wrote with Rollcall: event types as strings, business time decides. */

import { after, Observer, whenever } from "../src/index.js";

@Observer({ name: "loan-applications", version: 2, timeBase: "occurred", applyTo: "all" })
export class LoanApplications {
  readonly offerAccepted = whenever("A_APPROVED").expect("O_ACCEPTED").within({ hours: 1 });

  readonly offerSent = whenever("A_ACCEPTED")
    .expect("O_SENT")
    .within({ hours: 72 })
    .unless("A_CANCELLED", "A_DECLINED");

  /** Accepted, offer sent, sent back: what was never sent is flagged once, as not sent. */
  readonly offerSentBack = after(this.offerSent)
    .expect("O_SENT_BACK")
    .within({ days: 30 })
    .unless("A_CANCELLED", "A_DECLINED");
}
