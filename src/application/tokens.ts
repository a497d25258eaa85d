/** What reactors and gateways may inject besides what the application binds itself. */

/** The `Clock`. */
export const ClockToken = Symbol.for("rollcall.Clock");
/** The `EventStore`. */
export const EventStoreToken = Symbol.for("rollcall.EventStore");
/** The `Upcasters`: brings an event that was read from the store into its present shape, `decode(recorded, OrderPlaced)`. */
export const UpcastersToken = Symbol.for("rollcall.Upcasters");
/** The `ReadModelStore`. */
export const ReadModelStoreToken = Symbol.for("rollcall.ReadModelStore");
