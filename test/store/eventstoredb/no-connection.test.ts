/** What keeps a connection from coming about: which of it lasts, and what is said of it. */

import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { UntrustedConnection } from "../../../src/errors.js";
import { failureOf, Interruption } from "../../../src/store/eventstoredb/failures.js";
import { failing } from "./scripted-server.js";

const asked = { what: "head", privilege: "read $all", who: "ada" };
const failure = (why: string) =>
  failureOf(failing(status.UNAVAILABLE, `No connection established. Last error: ${why}. Resolution note: `), asked);
const openSsl = (why: string) =>
  `Error: 80CCE5A5997F0000:error:0A00010B:SSL routines:read:${why}:../ssl/record.c:350:\n`;

describe("a connection to EventStoreDB that does not come about", () => {
  const lasting: Record<string, [found: RegExp, remedy: RegExp]> = {
    "Error: self-signed certificate": [/found: self-signed certificate/, /tlsCaFile/],
    "Error: self-signed certificate in certificate chain": [/in certificate chain/, /tlsCaFile/],
    "Error: unable to verify the first certificate": [/unable to verify/, /ROLLCALL_STORE_CA_FILE/],
    "Error: unable to get local issuer certificate": [/local issuer/, /ROLLCALL_STORE_CA_FILE/],
    "Error: certificate has expired": [/found: certificate has expired/, /Renew/],
    "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Host: a. is not in the cert's altnames: DNS:b":
      [/DNS:b/, /by a name/],
    [openSsl("wrong version number")]: [/found: wrong version number/, /[?]tls=false/],
    [openSsl("packet length too long")]: [/found: packet length too long/, /[?]tls=false/],
    [openSsl("tlsv13 alert certificate required")]: [/certificate required/, /ROLLCALL_STORE_CERT_FILE/],
    [openSsl("tlsv1 alert protocol version")]: [/protocol version/, /TLS 1[.]2/],
  };
  for (const [why, [found, remedy]] of Object.entries(lasting))
    it(`is given up at once: ${found.source}`, () => {
      const error = failure(why);
      expect(error).to.be.instanceOf(UntrustedConnection).and.include({ code: "UNTRUSTED_CONNECTION" });
      expect(error.message)
        .to.match(/^head: /)
        .and.match(found)
        .and.match(remedy)
        .and.not.match(/Resolution note|SSL routines|Last error/);
    });

  const passing: Record<string, string> = {
    "Error: connect ECONNREFUSED 127.0.0.1:2113": "connect ECONNREFUSED 127.0.0.1:2113",
    "Failed to connect (2026-01-01T00:00:00.000Z)": "Failed to connect",
    "Error: Client network socket disconnected before secure TLS connection was established":
      "Client network socket disconnected before secure TLS connection was established",
    // A server that stops in the middle of a handshake.
    [openSsl("unexpected eof while reading")]: "unexpected eof while reading",
    [openSsl("tlsv1 alert internal error")]: "tlsv1 alert internal error",
  };
  for (const [why, words] of Object.entries(passing))
    it(`is tried again: ${words}`, () => {
      const error = failure(why);
      expect(error).to.be.instanceOf(Interruption);
      expect(error.message).to.equal(words);
    });

  it("is not what a server means that speaks of certificates", () => {
    const error = failureOf(failing(status.UNAVAILABLE, "the leader's certificate has expired"), asked);
    expect(error).to.be.instanceOf(Interruption);
    expect(error.message).to.equal("the leader's certificate has expired");
  });
});
