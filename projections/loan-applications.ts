/** Two expectations over an imported log that nobody wrote with Rollcall: event types as strings, business time decides. */

import { Observer, whenever } from "../src/index.js";

@Observer({ name: "loan-applications", version: 1, timeBase: "occurred" })
export class LoanApplications {
  readonly offerAccepted = whenever("A_APPROVED").expect("O_ACCEPTED").within({ hours: 1 });

  readonly offerSent = whenever("A_ACCEPTED")
    .expect("O_SENT")
    .within({ hours: 72 })
    .unless("A_CANCELLED", "A_DECLINED");
}
